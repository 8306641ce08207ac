// 100 users upload 50 MB each at the same time: throughput and memory beside curl.
import { openSync, closeSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { date, environment } from './lib/environment.mjs';
import { start } from './lib/process.mjs';
import { runPlan } from './lib/rampart.mjs';
import { bytes, median, number, table } from './lib/table.mjs';
import { startTarget } from './lib/target.mjs';
import { scratchFolder } from './lib/tree.mjs';

export const about = '100 uploads of 50 MB at once, beside curl';
export const byDefault = true;

const USERS = 100;
const SIZE = 50_000_000;
const SAMPLE_MS = 100;

const plan = (port, size, save = '') => `
name: bench-uploads
scenarios:
  users:
    load: { iterations_per_user: { users: ${USERS}, iterations: 1, max_duration: 2m } }
    steps:
      - http:
          name: upload
          post: "http://127.0.0.1:${port}/upload"
          multipart: { file: { generate: ${size}, filename: upload.bin } }
          checks: { uploaded: status == 200 }${save}
`;

const SAVE_HASH = '\n          save: { hash: sent_hash }';

// Peak of what is resident while `work` is done.
async function peakOf(process, work) {
  let peak = 0;
  const timer = setInterval(() => (peak = Math.max(peak, process.memory().resident)), SAMPLE_MS);
  try {
    return { value: await work, peak: () => peak };
  } finally {
    clearInterval(timer);
  }
}

// A block of options for each upload: where they share one `-F`, curl sends the file with the first only.
async function curl(url, option) {
  const config = join(scratchFolder('curl'), 'uploads');
  writeFileSync(config, Array(USERS).fill(`url = "${url}"\n${option}\noutput = "/dev/null"\n`).join('next\n'));
  const client = await start('curl', ['--no-progress-meter', '--parallel', '--parallel-immediate', '--parallel-max', USERS, '-K', config], { cpus: '1' });
  const { value: exit, peak } = await peakOf(client, client.ended);
  if (exit !== 0) throw new Error(`curl: exit status ${exit}\n${client.output.slice(-1000)}`);
  return { cpuSeconds: client.cpuSeconds(), peak: peak() };
}

async function rampart(text) {
  let peak;
  const done = await runPlan(text, {
    during: async ({ controller, agents }) => ({ peak } = await peakOf(agents[0], controller.ended)),
  });
  if (done.exit !== 0) throw new Error(JSON.stringify(done.summary.errors));
  return { cpuSeconds: done.agents[0].cpuSeconds, peak: peak() };
}

// On a file system in memory, so that nothing but the client is measured.
function makeFile(size) {
  const path = `/dev/shm/rampart-bench-${process.pid}.bin`;
  const file = openSync(path, 'w');
  for (let written = 0; written < size; written += 1_000_000) writeFileSync(file, Buffer.alloc(1_000_000, written));
  closeSync(file);
  return path;
}

export async function run({ rounds = 2, say, publish }) {
  const file = makeFile(SIZE);
  const target = await startTarget();
  const url = `http://127.0.0.1:${target.port}/upload`;
  const clients = {
    'curl -T (a PUT)': () => curl(url, `upload-file = "${file}"`),
    'curl -F (multipart)': () => curl(url, `form = "file=@${file}"`),
    'Rampart, multipart': () => rampart(plan(target.port, SIZE)),
    'Rampart, multipart, SHA-256 saved': () => rampart(plan(target.port, SIZE, SAVE_HASH)),
    'Rampart, multipart, 5 MB': () => rampart(plan(target.port, SIZE / 10)),
  };
  const results = new Map(Object.keys(clients).map((name) => [name, []]));
  try {
    for (let round = 1; round <= rounds; ++round) {
      for (const [name, client] of Object.entries(clients)) {
        await target.reset();
        const one = await client();
        const seen = await target.counts();
        const least = USERS * (name.endsWith(' 5 MB') ? SIZE / 10 : SIZE);
        if (seen.requests !== USERS || seen.body_bytes < least) throw new Error(`${name}: the target got ${seen.requests} uploads, ${seen.body_bytes} bytes`);
        one.rate = seen.body_bytes / (seen.body_ns / 1e9);
        one.cost = one.cpuSeconds / (seen.body_bytes / 1e9);
        results.get(name).push(one);
        say(`round ${round}, ${name}: ${bytes(one.rate)}/s, ${number(one.cost, 3)} CPU-s a GB, at most ${bytes(one.peak)} resident`);
      }
    }
  } finally {
    unlinkSync(file);
  }
  await target.stop();
  const of = (name, key) => median(results.get(name).map((one) => one[key]));
  const best = Math.max(of('curl -T (a PUT)', 'rate'), of('curl -F (multipart)', 'rate'));
  publish(
    'uploads',
    `${date()}. ${USERS} uploads of ${bytes(SIZE)} at the same time; medians of ${rounds} rounds, in turn. ${environment(['curl'])}

${table(
  ['client', 'bytes a second', "to curl's best", 'CPU-s a GB', 'resident, at most'],
  [...results.keys()].map((name) => [name, `${bytes(of(name, 'rate'))}`, number(of(name, 'rate') / best, 2), number(of(name, 'cost'), 3), bytes(of(name, 'peak'))]),
)}

The target (\`tests/bench/target.cc\`, on core 0) lets the kernel drop what it got (\`MSG_TRUNC\`) and measures from the first byte of a body to the last, so the client on core 1 is the limit:
\`curl --parallel --parallel-immediate --parallel-max ${USERS}\` with ${USERS} times \`-T FILE URL\` or \`-F file=@FILE URL\`, the file in memory. nginx is no target for this: it answers before it has read, or stores first. CPU is of the whole process, its start included.`,
  );
}
