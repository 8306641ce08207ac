// What the controller costs as the fleet grows: CPU and memory against agents and series, with streams and without, and over two days.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environment, date } from './lib/environment.mjs';
import { run as runProgram, sleep, start } from './lib/process.mjs';
import { bytes, number, table } from './lib/table.mjs';
import { program, scratchFolder } from './lib/tree.mjs';

export const about = "the controller's CPU and memory against agents, series and hours";
export const byDefault = true;

const SETTLE_SECONDS = 5; // of load, before CPU is counted
const TWO_DAYS = 172_800;
const SERIES = 200;
const AGENTS = [10, 100, 300, 1000];
const ALL_SERIES = [50, 200, 500];
const REQUESTS = 1000; // a second and agent
const MANY_REQUESTS = 2500;

const plan = (seconds) => `
name: bench-fleet
scenarios:
  main:
    load: { constant_users: { users: 1000, duration: ${seconds}s } }
    graceful_stop: 2s
    steps:
      - http: { name: get, get: "http://127.0.0.1:1/" }
thresholds:
  http_req_duration: [ "p(95)<1000000" ]
  "http_req_waiting{name:request 1}": [ "p(99)<1000000" ]
`;

// A controller with simulated agents on real streams: CPU as a share of a core and memory, from its process, while the load is steady.
async function overStreams(folder, agents, series, requests, seconds, flags = []) {
  const length = SETTLE_SECONDS + seconds + 3;
  const file = join(folder, `${agents}-${series}-${requests}${flags.join('')}.yaml`);
  writeFileSync(file, plan(length));
  const controller = await start(
    program('controller'),
    ['start', '--plan', file, '--external-agents', '--agents', agents, '--listen', '127.0.0.1:0', '--plain', '--out', `${file}.json`, ...flags],
    { ready: /HOST:(\d+)/ },
  );
  const began = Date.now();
  const fleet = await start(
    program('fleet_agents'),
    ['--controller', `127.0.0.1:${controller.match[1]}`, '--agents', agents, '--series', series, '--requests', requests, '--seconds', length],
    { ready: /started/, readySeconds: 60 },
  );
  const joined = (Date.now() - began) / 1000;
  // Start is two seconds ahead.
  await sleep(2 + SETTLE_SECONDS);
  const [cpu, at] = [controller.cpuSeconds(), Date.now()];
  let memory = 0;
  while (Date.now() - at < seconds * 1000) {
    await sleep(1);
    memory = Math.max(memory, controller.memory().resident);
  }
  const share = (controller.cpuSeconds() - cpu) / ((Date.now() - at) / 1000);
  const sent = await fleet.ended;
  const exit = await controller.ended;
  if (sent !== 0 || exit !== 0) throw new Error(`exit status ${exit} and ${sent}\n${controller.output}\n${fleet.output}`);
  const { default: summary } = await import(`${file}.json`, { with: { type: 'json' } });
  const samples = Number(/http_req_duration: (\d+)/.exec(fleet.stdout)[1]);
  const merged = summary.metrics.http_req_duration.values.count;
  if (merged !== samples) throw new Error(`${samples} samples were sent and ${merged} are in the summary`);
  return { agents, series, requests, share, memory, joined };
}

async function merge(agents, series, requests, seconds) {
  const done = await runProgram(program('fleet_merge'), ['--agents', agents, '--series', series, '--requests', requests, '--seconds', seconds], { cpus: '1' });
  return JSON.parse(done.stdout);
}

export async function run({ seconds = 20, say, publish, publishPlot }) {
  const folder = scratchFolder('fleet');
  const streams = [];
  const cases = [
    ...AGENTS.map((n) => [n, SERIES, REQUESTS]),
    [AGENTS.at(-1), SERIES, MANY_REQUESTS],
    ...ALL_SERIES.filter((n) => n !== SERIES).map((n) => [300, n, REQUESTS]),
  ];
  for (const [agents, series, requests] of cases) {
    const one = await overStreams(folder, agents, series, requests, seconds);
    const bare = agents === AGENTS.at(-1) ? (await overStreams(folder, agents, series, requests, seconds, ['--no-journal'])).share : null;
    const core = await merge(agents, series, requests, Math.max(4, Math.round(4000 / agents)));
    say(`${agents} agents x ${series} series, ${requests} requests a second each: ${number(one.share, 3)} cores, without a journal ${bare === null ? '-' : number(bare, 3)}, of them merging ${number(core.cpuPerSecond, 3)}, ${bytes(one.memory)}`);
    streams.push({ ...one, bare, core: core.cpuPerSecond, bytes: core.deltaBytes, buckets: core.bucketsATrend });
  }
  const days = await merge(4, 20, REQUESTS / 5, TWO_DAYS);
  say(`two days: ${days.megabytes.join(', ')} MB`);

  const byAgents = streams.filter((one) => one.series === SERIES && one.requests === REQUESTS);
  const big = byAgents.at(-1);
  publish(
    'fleet',
    `${date()}. ${environment([])}

Simulated agents on real streams into a controller process, ${seconds} s of steady load. Each makes so many requests a second as the table says, spread evenly
over a request name for each ten series, and says a delta a second: seven of ten series are trends, which have a sample a request; ${SERIES} series of ${number(REQUESTS)} requests are
${number(big.bytes / 1e3, 1)} kB, ${number(big.buckets)} buckets a trend. CPU is of the whole process (gRPC, parsing, merging, thresholds, the
live line, the journal that each delta is written to before it is acknowledged) as a share of one core; "merging" is the same deltas without streams (\`fleet_merge\`: parsing, merging, judging). Memory is the most in that time. Every
sample that the agents sent is in the summary, counted.

${table(
  ['agents', 'series', 'requests/s of all', 'CPU (cores)', 'with `--no-journal`', 'of them merging', 'memory', 'joined and prepared'],
  streams.map((one) => [number(one.agents), one.series, number(one.agents * one.requests), number(one.share, 3), one.bare === null ? '' : number(one.bare, 3), number(one.core, 3), bytes(one.memory), `${number(one.joined, 1)} s`]),
)}

Two simulated days (${number(TWO_DAYS)} s, 4 agents x 20 series): ${number(days.cpu, 1)} CPU seconds in all, resident memory after each eighth of the time
${days.megabytes.map((one) => number(one, 1)).join(', ')} MB; the timeline has ${number(days.points)} points, and its samples are all samples.

![CPU](plots/fleet-cpu.svg) ![memory](plots/fleet-memory.svg) ![series](plots/fleet-series.svg) ![two days](plots/fleet-days.svg)`,
  );
  const agentsAxis = { label: `agents (x ${SERIES} series, a delta a second each)` };
  publishPlot('fleet-cpu', {
    title: "The controller's CPU",
    x: agentsAxis,
    y: { label: 'cores' },
    lines: [
      { name: 'the process', points: byAgents.map((one) => [one.agents, one.share]) },
      { name: 'merging', points: byAgents.map((one) => [one.agents, one.core]) },
    ],
  });
  publishPlot('fleet-memory', {
    title: "The controller's memory",
    x: agentsAxis,
    y: { label: 'MB resident' },
    lines: [{ name: 'the process', points: byAgents.map((one) => [one.agents, one.memory / 1e6]) }],
  });
  publishPlot('fleet-series', {
    title: "The controller's CPU by series",
    x: { label: 'series (300 agents, a delta a second each)' },
    y: { label: 'cores' },
    lines: [
      { name: 'the process', points: bySeries(streams).map((one) => [one.series, one.share]) },
      { name: 'merging', points: bySeries(streams).map((one) => [one.series, one.core]) },
    ],
  });
  publishPlot('fleet-days', {
    title: 'Memory over two simulated days',
    x: { label: 'hours' },
    y: { label: 'MB resident' },
    lines: [{ name: 'the core', points: days.megabytes.map((one, i) => [((i + 1) / days.megabytes.length) * 48, one]) }],
  });
}

const bySeries = (streams) => streams.filter((one) => one.agents === 300).sort((a, b) => a.series - b.series);
