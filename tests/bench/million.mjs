// One million WebSocket users on one machine, by the product's own means: `controller start` with many agents against the chat server with many
// processes. See docs/MILLION-USERS.md. By itself: node tests/bench/million.mjs [--users N] [--ramp S] [--hold S] [--every 180s..360s]
//
// Everything runs inside of a network namespace of its own: no firewall's connection tracking there, and its own range of ports.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { date, environment } from './lib/environment.mjs';
import { memoryOf, sleep, start, stopAll } from './lib/process.mjs';
import { bytes, number, table } from './lib/table.mjs';
import { program, root, scratchFolder } from './lib/tree.mjs';

export const about = 'a million WebSocket users on this machine: memory, CPU, latencies, and counts equal to the server\'s';
export const byDefault = false;

// What a connection costs: measured, see docs/MILLION-USERS.md.
const KERNEL_BYTES = 9_000; // both ends
const AGENT_BYTES = 3_000;
const SERVER_BYTES = 2_300;
const AGENT_BASE_BYTES = 13e6;
const SERVER_BASE_BYTES = 1e6;
const REST_BYTES = 1.5e9; // the controller, this program, what waits in sockets, and some air

const FILLED = 0.9; // of a process's descriptors: the kernel spreads connections by a hash, so not evenly
const RESERVED_BY_AGENT = 256;
const SOURCES = '127.1.0.0/22';
const SOURCES_OF_AGENT = 4; // at least: 1,022 over the agents
const PORTS = [1024, 65535];
const CONNECTION_TABLE = 2 ** 21; // entries: the kernel's own has one for eight of two million sockets

// `seconds` is how long all are there.
export async function run({ seconds, say, publish, publishPlot }) {
  const asked = sizes(undefined, undefined, seconds);
  const result = join(scratchFolder('million'), 'result.json');
  await inNamespace(asked, result, say);
  const got = JSON.parse(readFileSync(result, 'utf8'));
  publish('million', report(got));
  const x = { label: 'users', log: true };
  const line = (name, key) => ({ name, points: got.growth.map((one) => [one.users, one[key]]) });
  publishPlot('million-memory', {
    title: 'Memory as the users come', x, y: { label: 'MB', log: true }, lines: [line('agents', 'agents'), line('everything, the kernel too', 'all')],
  });
  publishPlot('million-cpu', {
    title: 'CPU seconds spent until so many users were there', x, y: { label: 'CPU seconds', log: true },
    lines: [line('agents', 'agentsCpu'), line('controller', 'controllerCpu'), line('chat server', 'serverCpu')],
  });
}

// One point of that, by what is known of the processes now.
function grown(chat, controller, before, users) {
  const agents = childrenOf(controller.pid);
  const ticks = agents.reduce((sum, pid) => sum + cpuTicks(pid), 0);
  return {
    users,
    agents: resident(agents) / 1e6,
    all: (before.available - memory().available) / 1e6,
    agentsCpu: ticks / TICKS_PER_SECOND,
    controllerCpu: cpuTicks(controller.pid) / TICKS_PER_SECOND,
    serverCpu: chat.cpuSeconds(),
  };
}

const TICKS_PER_SECOND = 100;
// User and system time of one process.
const cpuTicks = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return Number(fields[11]) + Number(fields[12]);
};

function sizes(users = 1_000_000, ramp, hold = 60, every = '180s..360s') {
  const count = Number(users);
  // 3,333 a second: both ends' handshakes share two cores, and users who start late make a result unreliable.
  return { users: count, ramp: Number(ramp ?? Math.max(10, Math.ceil(count / 3_334))), hold: Number(hold), every };
}

async function inNamespace({ users, ramp, hold, every }, result, say) {
  const self = [process.execPath, fileURLToPath(import.meta.url), '--inside', result];
  // A namespace inside of the namespace: the inner one has a table of connections of its own, in the size that the outer one says.
  const script = `echo ${CONNECTION_TABLE} > /proc/sys/net/ipv4/tcp_child_ehash_entries; exec unshare --net -- "$@"`;
  const words = ['--net', '--', 'sh', '-c', script, 'sh', ...self, '--users', users, '--ramp', ramp, '--hold', hold, '--every', every];
  if (process.getuid() !== 0) words.unshift('--map-root-user');
  const child = spawn('unshare', words.map(String), { stdio: ['ignore', 'inherit', 'inherit'] });
  const forward = (name) => () => child.kill(name);
  const handlers = ['SIGINT', 'SIGTERM'].map((name) => [name, forward(name)]);
  for (const [name, handler] of handlers) process.on(name, handler);
  const exit = await new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new Error(`no network namespace can be made (unshare: ${error.message}): be root, or allow user namespaces`)));
    child.on('exit', (code, signal) => resolve(code ?? signal));
  });
  for (const [name, handler] of handlers) process.off(name, handler);
  if (exit !== 0) throw new Error(`it did not come to an end (${exit}); see above`);
  say(`result: ${result}`);
}

// Everything below runs inside of the namespace.

async function inside({ users, ramp, hold, every }, result) {
  prepareNetwork();
  const need = plan(users);
  const lines = budget(users, need);
  for (const line of lines) say(`${line.enough ? 'ok     ' : 'MISSING'} ${line.what}: needs ${line.needs}, has ${line.has}${line.enough ? '' : `. ${line.advice}`}`);
  if (lines.some((line) => !line.enough)) throw new Error('the budget does not suffice');

  const before = { ...memory(), slabs: slabs() };
  const chat = await start(program('chat'), ['--processes', need.servers, '--allow-user-header'], { ready: /listening on (127\.0\.0\.1:\d+)/ });
  const address = chat.match[1];
  // A server under load may be late with an answer; one that has ended has said why.
  const stats = async () => {
    for (let tries = 1; ; ++tries) {
      try {
        return await (await fetch(`http://${address}/api/stats`, { headers: { connection: 'close' } })).json();
      } catch (error) {
        if (chat.exit !== undefined) throw new Error(`the chat server ended with ${chat.exit}:\n${chat.output.slice(-2000)}`);
        if (tries === 5) throw new Error(`the chat server does not tell its counts: ${error.message}, ${error.cause?.message}`);
        say(`the chat server does not tell its counts: ${error.message}, ${error.cause?.message}`);
        await sleep(1);
      }
    }
  };
  await stats();
  if (tracked() > 0) throw new Error('connections are tracked even in a namespace of its own: net.netfilter.nf_conntrack_count is not 0');

  const summary = join(scratchFolder('million'), 'summary.json');
  const controller = await start(program('controller'), [
    'start', '--plan', join(root, 'tests/bench/million.yaml'), '--agents', need.agents, '--sources', SOURCES, '--plain', '--out', summary,
    '-e', `WS_URL=ws://${address}/api/ws`, '-e', `USERS=${users}`, '-e', `RAMP=${ramp}`, '-e', `HOLD=${hold}`, '-e', `EVERY=${every}`,
  ]);
  say(`${need.agents} agents, ${need.servers} server processes; ${number(users)} users in ${ramp} s, there for ${hold} s`);

  const began = Date.now();
  const seconds = () => (Date.now() - began) / 1000;
  const seen = { full: null, peak: 0, least: before.available };
  const growth = [];
  let asked = 0;
  while (controller.exit === undefined) {
    await sleep(1);
    const now = await stats();
    const { available } = memory();
    seen.least = Math.min(seen.least, available);
    seen.peak = Math.max(seen.peak, now.ws_connections_open);
    if (seen.first === undefined && now.ws_connections_opened > 0) seen.first = seconds();
    if (seen.full === null && now.ws_connections_open >= users) {
      seen.full = seconds();
      growth.push(grown(chat, controller, before, now.ws_connections_open));
      say(`${seconds().toFixed(0)} s: all ${number(users)} are open, ${(seen.full - seen.first).toFixed(0)} s after the first`);
    }
    // While they come, at each half more than before.
    if (seen.full === null && now.ws_connections_open >= Math.max(1_000, 1.5 * (growth.at(-1)?.users ?? 0))) {
      growth.push(grown(chat, controller, before, now.ws_connections_open));
    }
    // In the middle of the hold.
    if (seen.full !== null && seen.held === undefined && seconds() > seen.full + hold / 2) seen.held = held(chat, controller, before, now);
    if (++asked % 10 === 0) {
      say(`${seconds().toFixed(0)} s: ${number(now.ws_connections_open)} open, ${number(now.ws_messages_received)} messages, ${bytes(before.available - available)} taken, ${socketLine()}`);
    }
    if (available < 0.03 * total()) throw new Error('the memory ran out');
  }
  if (!existsSync(summary)) throw new Error(`the controller ended with ${controller.exit}:\n${controller.output.slice(-6000)}`);
  say(controller.output.slice(-5000));
  const counted = JSON.parse(readFileSync(summary, 'utf8'));
  const server = await settled(stats);
  const serverCpu = chat.cpuSeconds();
  await chat.stop();
  const compared = compare(counted, server, users);
  writeFileSync(result, JSON.stringify({
    users, ramp, hold, every, need, seen, growth, compared, exit: controller.exit, verdict: counted.verdict, reasons: [...counted.reasons, ...counted.unreliable_reasons],
    latency: counted.metrics.message_latency?.values, connecting: counted.metrics.ws_connecting?.values,
    agents: counted.agents.map((agent) => ({ cpu: agent.cpu_seconds, lag: agent.loop_lag_p99_ms, resident: agent.resident_peak_bytes })),
    whileClosing: counted.metrics.ws_msgs_received.values.count - counted.metrics.message_latency.values.count, runSeconds: counted.times.run_seconds, cpu: { server: serverCpu, controller: controller.cpuSeconds() }, errors: counted.errors,
  }));
  const differing = compared.filter((one) => one.ours !== one.theirs);
  for (const one of compared) say(`${one.ours === one.theirs ? 'equal  ' : 'DIFFERS'} ${one.what}: ${number(one.ours)} and ${number(one.theirs)}`);
  if (differing.length > 0) throw new Error('what the cluster counted is not what the server counted');
  if (seen.full === null) throw new Error(`there were never ${number(users)} at once: ${number(seen.peak)} at most`);
  if (counted.verdict !== 'pass') throw new Error(`the run's verdict is ${counted.verdict}: ${counted.reasons.join('; ')}`);
}

function prepareNetwork() {
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  for (const [name, value] of [['ipv4/ip_local_port_range', PORTS.join(' ')], ['core/somaxconn', '8192']]) writeFileSync(`/proc/sys/net/${name}`, value);
}

function plan(users) {
  const limit = Number(/^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))[1]);
  return {
    limit,
    agents: Math.max(2, Math.ceil(users / (FILLED * (limit - RESERVED_BY_AGENT)))),
    servers: Math.max(2, Math.ceil(users / (FILLED * limit))),
  };
}

function budget(users, need) {
  const kernel = (path) => Number(readFileSync(`/proc/sys/${path}`, 'utf8').trim().split(/\s+/).at(-1));
  const space = statfsSync(tmpdir());
  const memoryNeed = users * (KERNEL_BYTES + AGENT_BYTES + SERVER_BYTES) + need.agents * AGENT_BASE_BYTES + need.servers * SERVER_BASE_BYTES + REST_BYTES;
  const perAgent = Math.ceil(users / need.agents);
  const perServer = users / need.servers + 5 * Math.sqrt(users / need.servers) + 64;
  const ports = (PORTS[1] - PORTS[0]) * SOURCES_OF_AGENT;
  const line = (what, needs, has, advice, text = number) => ({ what, needs: text(needs), has: text(has), enough: has >= needs, advice });
  return [
    line('memory', memoryNeed, memory().available, 'Fewer users (--users), or end other programs', bytes),
    line('users of one run', users, 1_000_000, 'A plan has a million at most', number),
    line('descriptors of an agent', perAgent + RESERVED_BY_AGENT, need.limit, 'Raise the limit of open files (ulimit -Hn)'),
    line('descriptors of a server process, if the hash is unkind', Math.ceil(perServer), need.limit, 'Raise the limit of open files (ulimit -Hn)'),
    line('open files of the machine', 2 * users + 100_000, kernel('fs/file-max'), 'Raise fs.file-max'),
    line('processes and threads', 40 * (need.agents + need.servers), Math.min(kernel('kernel/threads-max'), kernel('kernel/pid_max')), 'Raise kernel.pid_max'),
    line('ports of an agent\'s source addresses', Math.ceil(perAgent / 0.8), ports, 'More source addresses (SOURCES in this script)'),
    line('disk for temporary files', need.servers * 1e6, space.bavail * space.bsize, 'Make room in the folder for temporary files', bytes),
  ];
}

// Of the kernel's connection tracking in this namespace; 0 without it.
function tracked() {
  try {
    return Number(readFileSync('/proc/sys/net/netfilter/nf_conntrack_count', 'utf8'));
  } catch {
    return 0;
  }
}

const meminfo = (name) => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/meminfo', 'utf8'))[1]);
const total = () => meminfo('MemTotal');
// Of the kernel: objects, tables of pages, stacks, and what it maps for itself.
const kernelBytes = () => ['Slab', 'PageTables', 'KernelStack', 'VmallocUsed', 'Percpu'].reduce((sum, name) => sum + meminfo(name), 0);
const memory = () => ({ available: meminfo('MemAvailable'), kernel: kernelBytes() + socketBytes() });
// What waits in sockets; the kernel counts it in pages.
const socketBytes = () => 4096 * Number(/^TCP: .* mem (\d+)$/m.exec(readFileSync('/proc/net/sockstat', 'utf8'))[1]);

// Bytes of each of the kernel's caches of objects; none where only root may read them.
function slabs() {
  try {
    const rows = readFileSync('/proc/slabinfo', 'utf8').trim().split('\n').slice(2).map((row) => row.split(/\s+/));
    return Object.fromEntries(rows.map(([name, , , , , pages, , , , , , , , , count]) => [name, pages * count * 4096]));
  } catch {
    return {};
  }
}

const socketLine = () => /^TCP: .*$/m.exec(readFileSync('/proc/net/sockstat', 'utf8'))[0];

// The memory when all users are there.
function held(chat, controller, before, server) {
  const now = memory();
  const agents = childrenOf(controller.pid);
  const servers = childrenOf(chat.pid);
  const user = { agents: resident(agents), server: resident(servers), controller: resident([controller.pid]) };
  const kernel = now.kernel - before.kernel;
  return {
    ...user,
    kernel,
    taken: kernel + user.agents + user.server + user.controller,
    availableFell: before.available - now.available,
    slabs: Object.entries(slabs()).map(([name, size]) => [name, size - (before.slabs[name] ?? 0)]).sort((a, b) => b[1] - a[1]).slice(0, 8),
    sockets: socketLine(),
    fullestAgent: Math.max(...agents.map(descriptors)),
    fullestServer: Math.max(...servers.map(descriptors)),
    open: server.ws_connections_open,
    tracked: tracked(),
  };
}

const childrenOf = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean).map(Number);
const resident = (pids) => memoryOf(pids).resident;
const descriptors = (pid) => Number(execFileSync('stat', ['-L', '-c', '%s', `/proc/${pid}/fd`], { encoding: 'utf8' }));

// The server's counts once it has seen the last connection end.
async function settled(stats) {
  for (let tries = 0; ; ++tries) {
    const now = await stats();
    if (now.ws_connections_open === 0 || tries === 30) return now;
    await sleep(1);
  }
}

function compare(counted, server, users) {
  const count = (metric) => counted.metrics[metric]?.values.count ?? 0;
  const exactly = (what, ours, theirs) => ({ what, ours, theirs });
  return [
    exactly('WebSockets', count('ws_sessions'), server.ws_connections_opened),
    exactly('WebSockets, and the users asked for', count('ws_sessions'), users),
    exactly('most open at once, and the users asked for', server.ws_connections_peak, users),
    exactly('users at the peak, and asked for', counted.metrics.vus?.values.max ?? 0, users),
    exactly('messages to the server', count('ws_msgs_sent'), server.ws_messages_received),
    exactly('messages from the server', count('ws_msgs_received'), server.ws_messages_sent),
    exactly('messages sent, and answers', count('ws_msgs_sent'), count('ws_msgs_received')),
    exactly('answers, and their latencies', count('pongs') + count('heard'), counted.metrics.message_latency?.values.count ?? 0),
    exactly('still open at the server, and 0', server.ws_connections_open, 0),
    exactly('accepts that failed, and 0', server.tcp_accept_failures, 0),
  ];
}

function report(result) {
  const { users, seen, need } = result;
  if (seen.held === undefined) return `There were never ${number(users)} at once: ${number(seen.peak)} at most.`;
  const each = (value) => `${number(value / users)} B`;
  const sum = (list, key) => list.reduce((all, one) => all + one[key], 0);
  const { held: at } = seen;
  const agentsCpu = sum(result.agents, 'cpu');
  const ms = (values) => (values ? ['med', 'p(95)', 'p(99)', 'p(99.9)', 'max'].map((key) => number(values[key], 2)) : Array(5).fill('-'));
  return `${date()}: ${number(users)} users on ${need.agents} agents, the chat server as ${need.servers} processes; ${environment(['node'])}
Verdict ${result.verdict}${result.reasons.length > 0 ? ` (${result.reasons.join('; ')})` : ''}. All were open ${number(seen.full - seen.first)} s after the first; the load took ${number(result.runSeconds)} s.

${table(['memory with all open', 'in all', 'a user'], [
    ['agents', bytes(at.agents), each(at.agents)],
    ['server processes', bytes(at.server), each(at.server)],
    ['controller', bytes(at.controller), each(at.controller)],
    ['kernel, both ends', bytes(at.kernel), each(at.kernel)],
    ['everything', bytes(at.taken), each(at.taken)],
  ])}

${table(['the kernel\'s largest caches', 'grew by', 'a user'], at.slabs.map(([name, size]) => [name, bytes(size), each(size)]))}

${table(['CPU', 'seconds'], [
    ['agents', number(agentsCpu)],
    ['server', number(result.cpu.server)],
    ['controller', number(result.cpu.controller - agentsCpu)],
  ])}

${table(['ms', 'median', 'p95', 'p99', 'p99.9', 'max'], [
    ['message until its answer', ...ms(result.latency)],
    ['connecting', ...ms(result.connecting)],
  ])}

${table(['counted', 'cluster', 'server'], result.compared.map((one) => [one.what, number(one.ours), number(one.theirs)]))}

Fullest agent ${number(at.fullestAgent)} descriptors, fullest server process ${number(at.fullestServer)}; ${at.sockets}; the memory that is available fell by
${bytes(at.availableFell)}, to ${bytes(seen.least)} at the least; connections tracked: ${at.tracked}. ${result.whileClosing} answers came after their user had begun
to close: counted, but without a latency.`;
}

const say = (line) => process.stderr.write(`${line}\n`);

async function main(words) {
  const flag = (name) => (words.includes(name) ? words[words.indexOf(name) + 1] : undefined);
  const asked = sizes(flag('--users'), flag('--ramp'), flag('--hold'), flag('--every'));
  if (![asked.users, asked.ramp, asked.hold].every((value) => value > 0)) throw new Error('--users, --ramp and --hold take numbers over 0');
  const into = flag('--inside');
  if (into !== undefined) return inside(asked, into);
  const result = flag('--result') ?? join(scratchFolder('million'), 'result.json');
  try {
    await inNamespace(asked, result, say);
  } finally {
    if (existsSync(result)) process.stdout.write(`${report(JSON.parse(readFileSync(result, 'utf8')))}\n`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stopAll().finally(() => process.exit(130)));
  let exit = 0;
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    exit = 1;
    say(`million: ${error.message}`);
  }
  await stopAll();
  process.exit(exit);
}
