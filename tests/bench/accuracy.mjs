// Whether what is reported is what happened: against a target whose delays are known and which stamped every request.
import { AT_ONCE, PROMPT, percentile, startDelayTarget } from './lib/delay_target.mjs';
import { date, environment } from './lib/environment.mjs';
import { run as runProgram } from './lib/process.mjs';
import { runPlan, values } from './lib/rampart.mjs';
import { number, table } from './lib/table.mjs';
import { peer } from './lib/tree.mjs';

export const about = 'reported percentiles against the truth: constant and bimodal delays, a stall of 2 s; hey, autocannon, wrk on the same stall';
export const byDefault = true;

const RATE = 1000;
const PERIOD_MS = 1000 / RATE;
const STALL_MS = 2000;
const FEW = 50;
const PERCENTILES = [50, 90, 95, 99];
const KEYS = { 50: 'med', 90: 'p(90)', 95: 'p(95)', 99: 'p(99)' };
// Of a period: that much earlier than the least late of the first ones another may be.
const MUCH_EARLIER = 0.05;
// That much a reported percentile may be off.
const ALLOWED_MS = 0.1;
const ALLOWED_SHARE = 0.01;

export const plan = (url, seconds, { users, maxUsers = users, whenBusy = 'drop' }) => `
name: bench-accuracy
scenarios:
  arrivals:
    load: { constant_arrival_rate: { rate: ${RATE}/s, duration: ${seconds}s, users: ${users}, max_users: ${maxUsers}${whenBusy === 'wait' ? ', when_busy: wait' : ''} } }
    steps:
      - http: { name: get, get: "${url}/" }
`;

const stallAt = (ms) => ['--delay-us', 2000, '--stall-at-ms', ms, '--stall-ms', STALL_MS];

const cases = (seconds) => [
  { name: 'constant 5 ms', flags: ['--delay-us', 5000], seconds: seconds / 2, load: { users: 100 } },
  { name: '95 % 2 ms, 5 % 50 ms', flags: ['--delay-us', 2000, '--slow-us', 50000, '--slow-share', 0.05], seconds: seconds / 2, load: { users: 200 }, edge: 95 },
  { name: '2 s stall after 1 s', flags: stallAt(1000), seconds, load: { users: 100, maxUsers: 3000 }, edge: 90 },
  { name: '2 s stall in the middle', flags: stallAt(450 * seconds), seconds, load: { users: 100, maxUsers: 3000 }, edge: 90 },
  { name: '2 s stall that ends 1 s before the end', flags: stallAt(1000 * seconds - 3000), seconds, load: { users: 100, maxUsers: 3000 }, edge: 90 },
  { name: `the same in the middle, ${FEW} users, wait`, flags: stallAt(450 * seconds), seconds, load: { users: FEW, whenBusy: 'wait' }, edge: 90 },
  { name: `the same in the middle, ${FEW} users, drop`, flags: stallAt(450 * seconds), seconds, load: { users: FEW } },
];

const sorted = (list) => Float64Array.from(list).sort();

// When each was due: in order, or, where some were dropped, the last instant of the grid before it came.
function intended(stamps, planned) {
  // Before anything can have been dropped; no request can be before it was due.
  const early = stamps.filter((stamp) => stamp.came < 500);
  const begin = Math.min(...early.map((stamp, i) => stamp.came - i * PERIOD_MS));
  return stamps.map((stamp, i) => {
    const turn = stamps.length === planned ? i : Math.floor((stamp.came - begin) / PERIOD_MS + MUCH_EARLIER);
    return stamp.answered - begin - turn * PERIOD_MS;
  });
}

// HdrHistogram's correction, as wrk2 has it: a sample that took longer than the interval stands for those that it kept from being sent.
function corrected(latencies, interval) {
  const all = [];
  for (const latency of latencies) for (let left = latency; left > 0; left -= interval) all.push(left);
  return sorted(all);
}

// `edge` is shown and not judged: it lies between what is fast and what is slow, so one sample more or less makes it the one or the other.
function compare(reported, truth, edge) {
  const all = PERCENTILES.map((p) => ({ p, is: reported[KEYS[p]], truth: percentile(truth, p) }));
  const off = all.filter(({ p }) => p !== edge);
  return {
    cells: all.map(({ is, truth: t }) => `${ms(is)} (${ms(t)})`),
    worst: Math.max(...off.map(({ is, truth: t }) => Math.abs(is - t))),
    within: off.every(({ is, truth: t }) => Math.abs(is - t) <= Math.max(ALLOWED_MS, ALLOWED_SHARE * t)),
  };
}

const ms = (value) => number(value, value >= 100 ? 0 : value >= 10 ? 1 : 2);

async function measure(one) {
  const target = await startDelayTarget(['--spin', ...one.flags]);
  const done = await runPlan(plan(target.url, one.seconds, one.load), { agentCommand: AT_ONCE, controllerCpus: '1' });
  const stamps = (await target.stamps()).filter((stamp) => !Number.isNaN(stamp.answered));
  const planned = RATE * one.seconds;
  return {
    send: sorted(stamps.map((stamp) => stamp.answered - stamp.came)),
    truth: sorted(intended(stamps, planned)),
    came: stamps.length,
    planned,
    dropped: values(done.summary, 'dropped_iterations').count,
    summary: done.summary,
    said: done.summary.unreliable_reasons,
  };
}

// What peers say of the same stall: their own percentiles, in milliseconds.
const PEERS = {
  [`hey -c ${FEW} -q ${RATE / FEW}`]: async (url, seconds) => {
    const done = await pinned('hey', ['-z', `${seconds}s`, '-c', FEW, '-q', RATE / FEW, '-cpus', 1, `${url}/`]);
    const of = (p) => 1000 * Number(new RegExp(`${p}% in ([\\d.]+) secs`).exec(done.stdout)?.[1]);
    return { exit: done.exit, 50: of(50), 90: of(90), 95: of(95), 99: of(99) };
  },
  [`autocannon -c ${FEW} -R ${RATE}`]: async (url, seconds) => {
    const done = await pinned(peer('autocannon'), ['-c', FEW, '-R', RATE, '-d', seconds, '--json', `${url}/`]);
    const { latency } = JSON.parse(done.stdout.slice(done.stdout.indexOf('{')));
    return { exit: done.exit, 50: latency.p50, 90: latency.p90, 95: NaN, 99: latency.p99 };
  },
  [`wrk -c ${FEW} (closed loop)`]: async (url, seconds) => {
    const done = await pinned('wrk', ['-t1', `-c${FEW}`, `-d${seconds}s`, '--latency', `${url}/`]);
    const of = (p) => {
      const [, value, unit] = new RegExp(`^\\s+${p}%\\s+([\\d.]+)(us|ms|s)$`, 'm').exec(done.stdout) ?? [];
      return Number(value) * { us: 0.001, ms: 1, s: 1000 }[unit];
    };
    return { exit: done.exit, 50: of(50), 90: of(90), 95: NaN, 99: of(99) };
  },
};

function pinned(command, args) {
  const words = [...PROMPT, command, ...args];
  return runProgram(words[0], words.slice(1), { cpus: '1', timeoutSeconds: 120 });
}

export async function run({ seconds = 20, say, publish }) {
  const rows = [];
  const results = {};
  let failed = 0;
  for (const one of cases(seconds)) {
    const got = await measure(one);
    results[one.load.whenBusy ?? (one.load.users === FEW ? 'drop' : one.name)] = got;
    if (got.came + got.dropped !== got.planned) throw new Error(`${one.name}: ${got.came} came and ${got.dropped} were dropped of ${got.planned}`);
    for (const [metric, truth] of [['http_req_intended_duration', got.truth], ['http_req_duration', got.send]]) {
      const { cells, worst, within } = compare(values(got.summary, metric), truth, one.edge);
      failed += within ? 0 : 1;
      rows.push([one.name, `\`${metric}\``, ...cells, number(worst, 3), within ? 'yes' : '**no**', got.dropped]);
      say(`${one.name}: ${metric} ${cells.join(' ')}, off by ${number(worst, 3)} ms at most${within ? '' : ': TOO MUCH'}, dropped ${got.dropped}`);
    }
    for (const line of got.said) say(`  ${line}`);
  }

  // What each makes of the stall in the middle.
  const { wait, drop } = results;
  const views = [];
  const view = (name, list) => views.push([name, ...PERCENTILES.map((p) => ms(percentile(list, p))), list.length]);
  const ours = (name, got, metric) => views.push([name, ...PERCENTILES.map((p) => ms(values(got.summary, metric)[KEYS[p]])), got.came]);
  const stalled = sorted(Array.from({ length: RATE * seconds }, (_, i) => 2 + (i < RATE * (STALL_MS / 1000) ? i * PERIOD_MS : 0)));
  view('what the plan says: 2 ms, and 2 s to 0 for what was due in the stall', stalled);
  ours(`Rampart, ${FEW} users, \`when_busy: wait\`: \`http_req_intended_duration\``, wait, 'http_req_intended_duration');
  ours('the same run: `http_req_duration`', wait, 'http_req_duration');
  view(`the same run: wrk2's correction of its send latencies, interval ${FEW}/R`, corrected(wait.send, FEW * PERIOD_MS));
  ours(`Rampart, ${FEW} users, dropping: \`http_req_intended_duration\``, drop, 'http_req_intended_duration');
  view(`the same run: wrk2's correction of its send latencies, interval ${FEW}/R`, corrected(drop.send, FEW * PERIOD_MS));
  const many = results['2 s stall in the middle'];
  ours('Rampart, users enough: `http_req_intended_duration`', many, 'http_req_intended_duration');
  view("the same run: wrk2's correction of its send latencies, interval 1/R", corrected(many.send, PERIOD_MS));
  for (const [name, client] of Object.entries(PEERS)) {
    const target = await startDelayTarget(['--spin', ...stallAt(450 * seconds)]);
    const got = await client(target.url, seconds);
    const { length } = await target.stamps();
    views.push([`${name}, exit ${got.exit}`, ...PERCENTILES.map((p) => ms(got[p])), length]);
    say(views.at(-1).join('  '));
  }

  publish(
    'accuracy',
    `${date()}. Milliseconds, ${RATE} arrivals a second; \`reported (truth)\`. ${environment(['hey', 'autocannon', 'wrk', 'node'])}

${table(['target', 'metric', 'p50', 'p90', 'p95', 'p99', 'off by, but for an edge', 'within 1 % or 0.1 ms', 'dropped'], rows)}

A stall of 2 s in the middle of ${seconds} s, as each has it:

${table(['', 'p50', 'p90', 'p95', 'p99', 'requests'], views)}

The dropping run also says: ${drop.said.map((line) => `\`${line}\``).join(', ')}.`,
  );
  if (failed > 0) throw new Error(`${failed} rows are off by more than 1 % and 0.1 ms`);
}
