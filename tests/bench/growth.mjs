// What an agent and the controller cost as users, requests a second and series grow; one of the three at a time.
import { date, environment } from './lib/environment.mjs';
import { sleep } from './lib/process.mjs';
import { runPlan } from './lib/rampart.mjs';
import { bytes, number, table } from './lib/table.mjs';
import { startTarget } from './lib/target.mjs';

export const about = 'CPU and memory of an agent and the controller against users, requests/s and series; plots';
export const byDefault = false;

const SETTLE_SECONDS = 2;
const RAMP_SECONDS = 3;

const plan = ({ load, seconds, url, tags = '', think = '' }) => `
name: bench-growth
scenarios:
  users:
    load: ${load(seconds)}
    graceful_stop: 0s
    steps:
      - http: { name: get, get: "${url}", checks: { status is 200: status == 200 }${tags} }
${think}
`;

const BASE_RATE = 1_000; // requests a second while users grow
const SERIES_RATE = 3_000;

const rate = (perSecond) => (seconds) => `{ constant_arrival_rate: { rate: ${perSecond}/s, duration: ${seconds}s, users: 200, max_users: 1000 } }`;

const kinds = {
  users: {
    title: 'users',
    what: `at ${number(BASE_RATE)} requests/s in all: each user has a connection, and waits between its requests`,
    sizes: [1_000, 3_000, 10_000, 19_000],
    plan: (users) => ({
      load: (seconds) => `{ ramping_users: { stages: [ { duration: ${RAMP_SECONDS}s, target: ${users} }, { duration: ${seconds}s, target: ${users} } ] } }`,
      settle: RAMP_SECONDS + 2,
      // From the second request on they come evenly.
      think: `      - when: iteration == 0
        steps: [ { sleep: 0s..${users / BASE_RATE}s } ]
      - when: iteration > 0
        steps: [ { sleep: ${users / BASE_RATE}s } ]`,
    }),
  },
  requests: {
    title: 'requests a second',
    what: 'of a constant arrival rate, 200 users',
    sizes: [1_000, 3_000, 10_000, 30_000],
    plan: (perSecond) => ({ load: rate(perSecond) }),
  },
  series: {
    title: 'values of a tag',
    log: true,
    what: `at ${number(SERIES_RATE)} requests/s; every metric of a request has a series for each`,
    sizes: [1, 10, 100, 1_000],
    plan: (count) => ({ load: rate(SERIES_RATE), tags: `, tags: { shard: "\${random(1, ${count})}" }` }),
  },
};

async function measure(target, { settle = SETTLE_SECONDS, ...settings }, seconds) {
  let seen;
  const url = `http://127.0.0.1:${target.port}/`;
  await target.reset();
  await runPlan(plan({ ...settings, url, seconds: seconds + settle + 1 }), {
    during: async ({ agents: [agent], controller }) => {
      await target.until(({ requests }) => requests > 0, 'a request', 30);
      await sleep(settle);
      const now = async () => ({ at: Number(process.hrtime.bigint()) / 1e9, agent: agent.cpuSeconds(), controller: controller.cpuSeconds(), ...(await target.counts()) });
      const before = await now();
      await sleep(seconds);
      const after = await now();
      const passed = after.at - before.at;
      seen = {
        agentCpu: ((after.agent - before.agent) / passed) * 100,
        controllerCpu: ((after.controller - before.controller) / passed) * 100,
        rate: (after.requests - before.requests) / passed,
        agentMemory: agent.memory().anonymous,
        controllerMemory: controller.memory().anonymous,
      };
    },
  });
  return seen;
}

export async function run({ seconds = 4, say, publish, publishPlot }) {
  const texts = [];
  for (const [kind, { title, log, what, sizes, plan: settings }] of Object.entries(kinds)) {
    const seen = [];
    for (const size of sizes) {
      const target = await startTarget();
      const one = await measure(target, settings(size), seconds);
      await target.stop();
      seen.push(one);
      say(`${number(size)} ${title}: agent ${number(one.agentCpu, 1)} % and ${bytes(one.agentMemory)}, controller ${number(one.controllerCpu, 1)} % and ${bytes(one.controllerMemory)}, ${number(one.rate)} requests/s`);
    }
    const line = (name, of) => ({ name, points: sizes.map((size, i) => [size, of(seen[i])]) });
    publishPlot(`growth-${kind}-cpu`, {
      title: `CPU against ${title}`,
      x: { label: title, log },
      y: { label: '% of a core' },
      lines: [line('agent', (one) => one.agentCpu), line('controller', (one) => one.controllerCpu)],
    });
    publishPlot(`growth-${kind}-memory`, {
      title: `Private memory against ${title}`,
      x: { label: title, log },
      y: { label: 'MB' },
      lines: [line('agent', (one) => one.agentMemory / 1e6), line('controller', (one) => one.controllerMemory / 1e6)],
    });
    texts.push(`${title[0].toUpperCase()}${title.slice(1)}, ${what}:

${table(
  [title, "agent's CPU", "agent's memory", "controller's CPU", "controller's memory", 'requests/s'],
  seen.map((one, i) => [number(sizes[i]), `${number(one.agentCpu, 1)} %`, bytes(one.agentMemory), `${number(one.controllerCpu, 1)} %`, bytes(one.controllerMemory), number(one.rate)]),
)}

![CPU against ${title}](plots/growth-${kind}-cpu.svg)
![memory against ${title}](plots/growth-${kind}-memory.svg)`);
  }
  publish('growth', `${date()}. One agent with one thread; CPU over ${seconds} s, as a share of one core. ${environment([])}\n\n${texts.join('\n\n')}`);
}
