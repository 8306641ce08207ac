// A closed loop of small requests over keep-alive connections, as fast as they are answered: what a request costs each client.
import { environment, date } from './lib/environment.mjs';
import { startNginx } from './lib/nginx.mjs';
import { run as runProgram, sleep } from './lib/process.mjs';
import { runPlan, values } from './lib/rampart.mjs';
import { median, number, table } from './lib/table.mjs';
import { peer } from './lib/tree.mjs';

export const about = 'CPU a request and requests a second beside wrk, h2load, hey, autocannon';
export const byDefault = true;

const CONNECTIONS = [50, 500];
// After its start an agent has its plan, and the load begins only when it has had it for two seconds.
const PREPARED_SECONDS = 1.2;

export const plan = (url, users, seconds) => `
name: bench-http
scenarios:
  users:
    load: { constant_users: { users: ${users}, duration: ${seconds}s } }
    graceful_stop: 1s
    steps:
      - http: { name: get, get: "${url}/", checks: { status is 200: status == 200 } }
`;

// The same where nothing is known beforehand: each request is rendered, and its check is Lua's.
const renderedPlan = (url, users, seconds) =>
  plan(url, users, seconds)
    .replace(`get: "${url}/"`, `get: "${url}/?user=\${user.id}&n=\${iteration}", headers: { X-User: "\${user.id}" }`)
    .replace('status == 200 }', 'status == 200 and iteration >= 0 }');

async function rampart(text) {
  let start;
  const done = await runPlan(text, {
    during: async ({ agents: [agent] }) => {
      await sleep(PREPARED_SECONDS);
      start = agent.cpuSeconds();
    },
  });
  const failed = values(done.summary, 'http_req_failed').passes;
  if (failed !== 0) throw new Error(`Rampart: ${failed} requests failed: ${JSON.stringify(done.summary.errors)}`);
  return {
    requests: values(done.summary, 'http_reqs').count,
    cpuSeconds: done.agents[0].cpuSeconds - start,
    start,
    controllerCpu: done.controller.cpuSeconds,
  };
}

// Each runs once: how many requests it says that it made, and its CPU.
const clients = {
  wrk: async (url, connections, seconds) => {
    const done = await pinned('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, `${url}/`]);
    return { ...done, requests: found(done, /(\d+) requests in/) };
  },
  Rampart: (url, connections, seconds) => rampart(plan(url, connections, seconds)),
  'Rampart, rendered': (url, connections, seconds) => rampart(renderedPlan(url, connections, seconds)),
  h2load: async (url, connections, seconds) => {
    const done = await pinned('h2load', ['--h1', '-t1', `-c${connections}`, `-D${seconds}`, `${url}/`]);
    return { ...done, requests: found(done, /(\d+) succeeded/) };
  },
  hey: async (url, connections, seconds) => {
    const done = await pinned('hey', ['-z', `${seconds}s`, '-c', connections, '-cpus', 1, `${url}/`]);
    return { ...done, requests: found(done, /\[200\]\s+(\d+) responses/) };
  },
  autocannon: async (url, connections, seconds) => {
    const done = await pinned(peer('autocannon'), ['-c', connections, '-d', seconds, '--json', `${url}/`]);
    return { ...done, requests: JSON.parse(done.stdout.slice(done.stdout.indexOf('{')))['2xx'] };
  },
};

const pinned = (command, args) => runProgram(command, args, { cpus: '1', timeoutSeconds: 120 });

const found = (done, pattern) => Number(pattern.exec(done.stdout)?.[1] ?? NaN);

export async function run({ rounds = 5, seconds = 2, say, publish }) {
  const nginx = await startNginx('location / { default_type text/plain; return 200 "hello, world\\n"; }');
  const rows = [];
  const starts = [];
  for (const connections of CONNECTIONS) {
    const results = Object.fromEntries(Object.keys(clients).map((name) => [name, []]));
    for (let round = 1; round <= rounds; ++round) {
      for (const [name, client] of Object.entries(clients)) {
        await nginx.requests();
        const one = await client(nginx.url, connections, seconds);
        one.served = await nginx.requests();
        one.cost = (one.cpuSeconds / one.served) * 1e5;
        one.rate = one.served / seconds;
        results[name].push(one);
        say(
          `${connections} connections, round ${round}, ${name}: ${number(one.cost, 3)} CPU-s per 100k requests, ${number(one.rate)}/s, ` +
            `counted ${one.requests}, nginx ${one.served}${one.controllerCpu ? `, controller ${number(one.controllerCpu, 2)} CPU-s` : ''}`,
        );
      }
    }
    // Of the same round: a machine that slows down slows all of them.
    const toWrk = (cost) => number(median(results.wrk.map((one, i) => cost(i) / one.cost)), 2);
    for (const [name, list] of Object.entries(results)) {
      const cost = median(list.map((one) => one.cost));
      rows.push([
        connections,
        name,
        number(cost, 3),
        toWrk((i) => list[i].cost),
        number(median(list.map((one) => one.rate))),
        Math.max(...list.map((one) => Math.abs(one.served - one.requests))),
      ]);
    }
    const controller = results.Rampart.map((one) => (one.controllerCpu / one.served) * 1e5);
    rows.push([connections, "Rampart's controller", number(median(controller), 3), toWrk((i) => controller[i]), '', '']);
    starts.push(...results.Rampart.map((one) => one.start));
  }
  await nginx.stop();
  publish(
    'http',
    `${date()}. ${rounds} rounds of ${seconds} s each, in turn; medians, and of the ratios the median of each round's. ${environment(['wrk', 'h2load', 'hey', 'autocannon', 'node', 'nginx'])}

${table(['connections', 'client', 'CPU-s per 100k requests', 'to wrk', 'requests/s', 'miscounted, at most'], rows)}

Not counted: ${number(median(starts), 2)} CPU-s that an agent takes once, before its first request. The start of the others is in their numbers.

Commands, with C connections to nginx's \`return 200\`, on core 1: \`wrk -t1 -cC -d${seconds}s\`, \`h2load --h1 -t1 -cC -D${seconds}\`, \`hey -z ${seconds}s -c C -cpus 1\`,
\`autocannon -c C -d ${seconds}\`, and an agent with one thread under \`controller start --agents 1\` (on core 0) with this plan:

\`\`\`yaml
${plan('http://127.0.0.1:8080', CONNECTIONS[0], seconds).trim()}
\`\`\`

"Rampart, rendered" has a URL and a header with expressions, rendered for each request, and a check that needs Lua: \`?user=\${user.id}&n=\${iteration}\`,
\`X-User: "\${user.id}"\`, \`status == 200 and iteration >= 0\`.`,
  );
}
