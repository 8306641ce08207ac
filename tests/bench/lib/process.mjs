// Processes that a bench starts: pinned to cores, each in a process group of its own, its CPU and memory counted with all of
// its descendants.
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

const TICKS_PER_SECOND = 100; // USER_HZ, which Linux has fixed for /proc.
const KEPT_OUTPUT = 4 << 20;
const STOP_GRACE_MS = 10_000;

// Its own CPU and that of its children, at the end; without it the last moments of a process were nobody's. All descriptors that there may be.
const WRAPPER = 'ulimit -Sn "$(ulimit -Hn)"; trap : TERM INT; "$@" 3>&-; code=$?; times >&3; exit $code';

const running = new Set();

// Starts `command`. Options: `cpus` ('0', '0,1': taskset), `env` (beside ours), `cwd`, `ready` (a regular expression: resolves once
// the output matches; `match` has what it found), `readySeconds` (60).
export async function start(command, args = [], options = {}) {
  const one = new Process(command, args.map(String), options);
  if (options.ready) await one.untilOutput(options.ready, options.readySeconds ?? 60);
  return one;
}

// Runs `command` to its end: {exit, stdout, stderr, seconds, cpuSeconds}. A failure is an error unless `mayFail`; `timeoutSeconds` (600).
export async function run(command, args = [], options = {}) {
  const one = new Process(command, args.map(String), options);
  let late = false;
  const timer = setTimeout(() => ((late = true), one.stop()), (options.timeoutSeconds ?? 600) * 1000);
  const exit = await one.ended;
  clearTimeout(timer);
  if (late) throw new Error(`${one.name} did not end in ${options.timeoutSeconds ?? 600} s:\n${one.output.slice(-2000)}`);
  if (exit !== 0 && !options.mayFail) throw new Error(`${one.name}: exit status ${exit}\n${one.output.slice(-2000)}`);
  return { exit, stdout: one.stdout, stderr: one.stderr, seconds: one.seconds, cpuSeconds: one.cpuSeconds() };
}

// Ends all that was started and not yet stopped.
export async function stopAll() {
  await Promise.all([...running].map((one) => one.stop()));
}

export const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

// Now, in bytes: {resident, anonymous}; what processes share is counted once, in shares.
export function memoryOf(pids) {
  const sum = { resident: 0, anonymous: 0 };
  for (const pid of pids) {
    const text = read(`/proc/${pid}/smaps_rollup`);
    const kilobytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
    sum.resident += kilobytes('Pss') * 1024;
    sum.anonymous += kilobytes('Pss_Anon') * 1024;
  }
  return sum;
}

class Process {
  stdout = '';
  stderr = '';
  output = ''; // both, as it came
  seconds = 0; // how long it ran, once it has ended
  #cpuAtEnd = null;

  constructor(command, args, { cpus, env, cwd }) {
    this.name = command;
    const pinned = cpus === undefined ? [] : ['taskset', '-c', String(cpus)];
    const words = [...pinned, 'bash', '-c', WRAPPER, 'bash', command, ...args];
    const began = process.hrtime.bigint();
    const child = spawn(words[0], words.slice(1), {
      cwd,
      env: { ...process.env, ...env, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      detached: true,
    });
    this.root = child.pid;
    let times = '';
    const keep = (name) => (text) => {
      this[name] = (this[name] + text).slice(-KEPT_OUTPUT);
      this.output = (this.output + text).slice(-KEPT_OUTPUT);
      this.onOutput?.();
    };
    child.stdout.setEncoding('utf8').on('data', keep('stdout'));
    child.stderr.setEncoding('utf8').on('data', keep('stderr'));
    child.stdio[3].setEncoding('utf8').on('data', (text) => (times += text));
    running.add(this);
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', () => (this.seconds = Number(process.hrtime.bigint() - began) / 1e9));
      child.on('close', (code, signal) => {
        running.delete(this);
        // Two lines of user and system time, as 0m1.234s: of the shell, and of what it ran.
        this.#cpuAtEnd = [...times.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + m * 60 + Number(s), 0);
        this.exit = code ?? signal;
        this.onOutput?.();
        resolve(this.exit);
      });
    });
  }

  // Of the command itself.
  get pid() {
    return readProcesses().find((one) => one.parent === this.root)?.pid ?? this.root;
  }

  async untilOutput(pattern, seconds) {
    const began = Date.now();
    while (!(this.match = pattern.exec(this.output))) {
      const left = seconds * 1000 - (Date.now() - began);
      if (this.exit !== undefined) throw new Error(`${this.name} ended with ${this.exit} before ${pattern}:\n${this.output.slice(-2000)}`);
      if (left <= 0) throw new Error(`${this.name} did not say ${pattern} in ${seconds} s:\n${this.output.slice(-2000)}`);
      let timer;
      await new Promise((resolve) => {
        this.onOutput = resolve;
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
      this.onOutput = undefined;
    }
    return this.match;
  }

  // SIGTERM to the group, SIGKILL to what is left after 10 s.
  async stop() {
    if (this.exit !== undefined) return this.exit;
    signal(-this.root, 'SIGTERM');
    const timer = setTimeout(() => signal(-this.root, 'SIGKILL'), STOP_GRACE_MS);
    const exit = await this.ended;
    clearTimeout(timer);
    return exit;
  }

  // User and system time since the start, of the whole tree and of those in it that have ended and were waited for.
  cpuSeconds() {
    return this.#cpuAtEnd ?? this.#tree().reduce((sum, one) => sum + one.ticks, 0) / TICKS_PER_SECOND;
  }

  // memoryOf the whole tree.
  memory() {
    return memoryOf(this.#tree().map((one) => one.pid));
  }

  // Open ones, of the command itself.
  descriptors() {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  #tree() {
    const all = readProcesses();
    const pids = new Set([this.root]);
    // A child has mostly a higher pid than its parent, but pids wrap.
    for (let grown = -1; grown !== pids.size; ) {
      grown = pids.size;
      for (const one of all) if (pids.has(one.parent)) pids.add(one.pid);
    }
    return all.filter((one) => pids.has(one.pid));
  }
}

function readProcesses() {
  const all = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const text = read(`/proc/${name}/stat`);
    if (text === '') continue;
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' '); // from the state on
    const ticks = [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields[i]), 0);
    all.push({ pid: Number(name), parent: Number(fields[1]), ticks });
  }
  return all;
}

// Empty when it is gone, as processes are.
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // Gone already.
  }
}
