// Where the agent's instructions go: counted by callgrind, so the same each time whatever else the machine does.
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { plan } from './http.mjs';
import { date, environment } from './lib/environment.mjs';
import { startNginx } from './lib/nginx.mjs';
import { run as runProgram } from './lib/process.mjs';
import { runPlan, values } from './lib/rampart.mjs';
import { number, table } from './lib/table.mjs';
import { scratchFolder } from './lib/tree.mjs';

export const about = "the agent's instructions a request, by function (wants valgrind)";
export const byDefault = false;

const USERS = 50;
const SHOWN = 30;
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
  const functions = parse((await runProgram('callgrind_annotate', args)).stdout);
  const total = [...functions.values()].reduce((sum, count) => sum + count, 0);
  say(`${requests} requests, ${number(total / requests)} instructions each`);
  const rows = [...functions]
    .sort((a, b) => b[1] - a[1])
    .slice(0, SHOWN)
    .map(([name, count]) => [`\`${name}\``, number(count / requests)]);
  publish(
    'profile',
    `${date()}. ${environment([])}

${number(requests)} requests of ${USERS} users with the plan of the suite http: ${number(total / requests)} instructions a request, the kernel's not counted.

${table(['function', 'instructions a request'], rows)}`,
  );
}

// `  1,234  file:function(arguments) [object]` -> function: 1234.
function parse(text) {
  const functions = new Map();
  for (const [, count, where] of text.matchAll(/^\s*([\d,]+)\s+(\S.*)$/gm)) {
    if (/PROGRAM TOTALS/.test(where)) continue;
    const name = short(where);
    functions.set(name, (functions.get(name) ?? 0) + Number(count.replaceAll(',', '')));
  }
  return functions;
}

// Without arguments; a library's functions that have no names are one.
function short(where) {
  const [, place, object = ''] = /^(.*?)(?: \[([^\]]*)\])?$/.exec(where);
  const name = place.replace(/^[^ ]*?:(?!:)/, '');
  if (/^0x[0-9a-f]+$/.test(name)) return `${basename(object)}, without names`;
  return name.replaceAll('(anonymous namespace)::', '').replace(/'\d+$/, '').replace(/^(bool|void|int) /, '').replace(/\(.*$/, '').slice(0, 100);
}
