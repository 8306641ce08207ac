// Where the agent's instructions go: counted by callgrind, so the same each time whatever else the machine does.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { plan } from './http.mjs';
import { startNginx } from './lib/nginx.mjs';
import { run as runProgram } from './lib/process.mjs';
import { runPlan, values } from './lib/rampart.mjs';
import { number, table } from './lib/table.mjs';
import { scratchFolder } from './lib/tree.mjs';

export const about = "the agent's instructions a request, by function (wants valgrind)";
export const byDefault = false;

const USERS = 50;
const SHOWN = 40;
// The engine's thread, without what the agent does before and after.
const LOOP = 'rampart::agent::Loop::Run()';

export async function run({ seconds = 8, say, publish }) {
  const folder = scratchFolder('profile');
  const nginx = await startNginx('location / { default_type text/plain; return 200 "hello, world\\n"; }');
  const done = await runPlan(plan(nginx.url, USERS, seconds), {
    agentCommand: ['valgrind', '-q', '--tool=callgrind', `--toggle-collect=${LOOP}`, `--callgrind-out-file=${folder}/out.%p`],
  });
  await nginx.stop();
  const requests = values(done.summary, 'http_reqs').count;
  const file = readdirSync(folder).find((name) => name.startsWith('out.'));
  const args = ['--threshold=100', '--show-percs=no', '--auto=no', '--tree=none', join(folder, file)];
  const own = (await runProgram('callgrind_annotate', args)).stdout;
  const inclusive = parse((await runProgram('callgrind_annotate', ['--inclusive=yes', ...args])).stdout);
  const functions = parse(own);
  const total = [...functions.values()].reduce((sum, count) => sum + count, 0);
  say(`${requests} requests, ${number(total / requests)} instructions each`);
  const rows = [...functions]
    .sort((a, b) => b[1] - a[1])
    .slice(0, SHOWN)
    .map(([name, count]) => [number(count / requests), number((inclusive.get(name) ?? count) / requests), `\`${name}\``]);
  publish(
    'profile',
    `${number(requests)} requests of ${USERS} users with the plan of the suite http: ${number(total / requests)} instructions a request, the kernel's not counted.

${table(['instructions a request', 'with what it calls', 'function'], rows)}`,
  );
}

// `  1,234  file:function(arguments) [object]` -> function: 1234.
function parse(text) {
  const functions = new Map();
  for (const [, count, where] of text.matchAll(/^\s*([\d,]+)\s+(\S.*)$/gm)) {
    if (/PROGRAM TOTALS/.test(where)) continue;
    const name = where.replace(/ \[[^\]]*\]$/, '').replace(/^[^ ]*?:(?!:)/, '').replace(/'\d+$/, '').slice(0, 100);
    functions.set(name, (functions.get(name) ?? 0) + Number(count.replaceAll(',', '')));
  }
  return functions;
}
