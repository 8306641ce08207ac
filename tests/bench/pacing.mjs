// How late arrivals are: as Rampart reports it, and as a target on the same machine's clock saw it; peers as the target saw them.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AT_ONCE, PROMPT, latenessOnGrid, percentile, startDelayTarget } from './lib/delay_target.mjs';
import { date, environment } from './lib/environment.mjs';
import { run as runProgram } from './lib/process.mjs';
import { runPlan, values } from './lib/rampart.mjs';
import { median, number, table } from './lib/table.mjs';
import { peer, scratchFolder } from './lib/tree.mjs';

export const about = 'lateness of arrivals at 1,000 to 50,000 a second, reported and as the target saw it, beside hey, h2load, autocannon, artillery';
export const byDefault = true;

const folder = scratchFolder('pacing');
const RATES = [1000, 5000, 10000, 20000, 50000];
// That many a peer can start on one core.
const MOST = { artillery: 1000 };
const PEER_RATES = [1000, 5000];

export const plan = (url, rate, seconds) => `
name: bench-pacing
scenarios:
  arrivals:
    load: { constant_arrival_rate: { rate: ${rate}/s, duration: ${seconds}s, users: 100, max_users: 1000 } }
    steps:
      - http: { name: get, get: "${url}/", checks: { status is 200: status == 200 } }
`;

async function rampart(url, rate, seconds) {
  const done = await runPlan(plan(url, rate, seconds), { agentCommand: AT_ONCE, controllerCpus: '1' });
  const [agent] = done.summary.agents;
  const lateness = values(done.summary, 'iteration_lateness');
  return {
    core: agent.cpu_seconds / seconds,
    dropped: values(done.summary, 'dropped_iterations').count,
    reported: { p50: lateness.med, p99: lateness['p(99)'], max: lateness.max },
  };
}

const CONNECTIONS = 50;
const pinned = async (command, args, seconds) => {
  const words = [...PROMPT, command, ...args];
  const env = { ARTILLERY_DISABLE_TELEMETRY: 'true' };
  const done = await runProgram(words[0], words.slice(1), { cpus: '1', timeoutSeconds: 120, mayFail: true, env });
  return { core: done.cpuSeconds / seconds };
};
const clients = {
  hey: (url, rate, seconds) => pinned('hey', ['-z', `${seconds}s`, '-c', CONNECTIONS, '-q', rate / CONNECTIONS, '-cpus', 1, `${url}/`], seconds),
  h2load: (url, rate, seconds) =>
    pinned('h2load', ['--h1', '-t1', '-c', CONNECTIONS, `--rps=${rate / CONNECTIONS}`, '-D', seconds, `${url}/`], seconds),
  autocannon: (url, rate, seconds) => pinned(peer('autocannon'), ['-c', CONNECTIONS, '-R', rate, '-d', seconds, '--json', `${url}/`], seconds),
  artillery: (url, rate, seconds) => {
    const file = join(folder, 'artillery.json');
    const phases = [{ duration: seconds, arrivalRate: rate }];
    writeFileSync(file, JSON.stringify({ config: { target: url, phases }, scenarios: [{ flow: [{ get: { url: '/' } }] }] }));
    return pinned(peer('artillery'), ['run', '--quiet', file], seconds);
  },
};

async function measure(client, rate, seconds) {
  const target = await startDelayTarget(['--spin']);
  const done = await client(target.url, rate, seconds);
  const stamps = await target.stamps();
  const late = latenessOnGrid(stamps, rate);
  return { ...done, came: stamps.length, seen: { p50: percentile(late, 50), p99: percentile(late, 99), max: percentile(late, 100) } };
}

export async function run({ rounds = 3, seconds = 8, say, publish }) {
  const rows = [];
  const add = async (name, client, rate) => {
    const list = [];
    for (let round = 1; round <= rounds; ++round) {
      const one = await measure(client, rate, seconds);
      list.push(one);
      say(
        `${rate}/s, ${name}: ${one.came} came, seen p50 ${number(one.seen.p50, 3)} p99 ${number(one.seen.p99, 3)} max ${number(one.seen.max, 2)} ms` +
          `${one.reported ? `, reported p50 ${number(one.reported.p50, 3)} p99 ${number(one.reported.p99, 3)} max ${number(one.reported.max, 2)} ms, dropped ${one.dropped}` : ''}` +
          `, ${number(one.core * 100)} % of a core`,
      );
    }
    const of = (pick) => median(list.map(pick));
    const ms = (pick, digits) => number(of(pick), digits);
    const reported = list[0].reported ? [ms((one) => one.reported.p50, 3), ms((one) => one.reported.p99, 3), ms((one) => one.reported.max, 2)] : ['-', '-', '-'];
    rows.push([
      number(rate),
      name,
      ...reported,
      ms((one) => one.seen.p50, 3),
      ms((one) => one.seen.p99, 3),
      ms((one) => one.seen.max, 2),
      number((of((one) => one.came) / (rate * seconds)) * 100, 1),
      number(of((one) => one.core) * 100),
    ]);
  };
  for (const rate of RATES) {
    await add('Rampart', rampart, rate);
    if (!PEER_RATES.includes(rate)) continue;
    for (const [name, client] of Object.entries(clients)) if (rate <= (MOST[name] ?? rate)) await add(name, client, rate);
  }
  publish(
    'pacing',
    `${date()}. ${rounds} rounds of ${seconds} s, medians; milliseconds. ${environment(['hey', 'h2load', 'autocannon', 'artillery', 'node'])}

${table(['arrivals/s', 'client', 'reported p50', 'p99', 'max', 'seen p50', 'p99', 'max', '% of planned', '% of a core'], rows)}

"Reported" is \`iteration_lateness\`: due until the request was ready to be sent. "Seen" is the target's own stamp (\`tests/bench/delay_target.cc\`, which
spins on core 0) against the grid \`t0 + i/rate\`, with the latest t0 that no arrival is before. Clients are on core 1 with one thread, Rampart's
controller too; Rampart's agent has \`--real-time\`, all others but the controller the priority of \`nice -n -20\`. With ${CONNECTIONS}
connections: \`hey -z ${seconds}s -c ${CONNECTIONS} -q R/${CONNECTIONS} -cpus 1\`, \`h2load --h1 -t1 -c ${CONNECTIONS} --rps=R/${CONNECTIONS} -D ${seconds}\`, \`autocannon -c ${CONNECTIONS} -R R -d ${seconds}\`; \`artillery run\`
with one phase of \`arrivalRate: R\`, a connection for each. hey and h2load
pace each connection by itself, so they come in bursts. vegeta, k6 and wrk2 are no packages of Debian or npm. Rampart's plan, with rate R:

\`\`\`yaml
${plan('http://127.0.0.1:8080', RATES[0], seconds).trim()}
\`\`\``,
  );
}
