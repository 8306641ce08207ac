// On what was measured.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { peer, program, root } from './tree.mjs';

const TOOLS = {
  wrk: () => first('wrk', ['-v'], /^wrk (?:debian\/)?(\S+)/),
  h2load: () => first('h2load', ['--version'], /nghttp2\/(\S+)/),
  hey: () => installed('hey'),
  tsung: () => installed('tsung'),
  nginx: () => first('nginx', ['-v'], /nginx\/(\S+)/),
  curl: () => first('curl', ['--version'], /curl (\S+)/),
  autocannon: () => packageVersion('autocannon'),
  artillery: () => packageVersion('artillery'),
  node: () => process.versions.node,
};

// `Rampart 0.1 (commit), wrk 4.1.0, ...; kernel, processor`, of the named tools.
export function environment(tools) {
  const named = tools.map((name) => `${name} ${TOOLS[name]()}`);
  const commit = output('git', ['-C', root, 'describe', '--always', '--dirty', '--tags']).trim();
  const rampart = first(program('agent'), ['--version'], /(\S+)\s*$/);
  return `Rampart ${rampart} (${commit}), ${named.join(', ')}; Linux ${os.release()}, ${cores()}, ${memory()}.`;
}

export function date() {
  return new Date().toISOString().slice(0, 10);
}

function cores() {
  const model = /^model name\s*: (.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? os.arch();
  return `${os.cpus().length} cores of ${model}`;
}

function memory() {
  return `${Math.round(os.totalmem() / 2 ** 30)} GiB`;
}

function packageVersion(name) {
  return JSON.parse(readFileSync(new URL(`../${name}/package.json`, `file://${peer('x')}`), 'utf8')).version;
}

function installed(name) {
  return output('dpkg-query', ['-W', '-f', '${Version}', name]).trim() || 'unknown';
}

function first(command, args, pattern) {
  return pattern.exec(output(command, args))?.[1] ?? 'unknown';
}

// Of both streams, whatever the exit status: some say their version with a failure.
function output(command, args) {
  try {
    return execFileSync('bash', ['-c', '"$@" 2>&1', 'bash', command, ...args], { encoding: 'utf8' });
  } catch (error) {
    return error.stdout ?? '';
  }
}
