// The memory of an idle WebSocket user with everything on, as a slope: 10,000 to 100,000 users on six agents; TLS on one.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { date, environment } from './lib/environment.mjs';
import { freePort, startNginx } from './lib/nginx.mjs';
import { sleep } from './lib/process.mjs';
import { runPlan, values } from './lib/rampart.mjs';
import { bytes, number, slope, table } from './lib/table.mjs';
import { startTarget } from './lib/target.mjs';
import { scratchFolder } from './lib/tree.mjs';
import { messages, pings, plan } from './lib/websocket_user.mjs';

export const about = 'memory of an idle WebSocket user up to 100,000 users, and with TLS';
export const byDefault = true;

const ADDRESSES = 12; // each has its own ephemeral ports, and half of them are soon found
const SETTLE_SECONDS = 2;
const CONNECTS_PER_SECOND = 5_000;

// Each size is reached, then held.
const stages = (sizes, hold) => sizes.flatMap((size, i) => [[Math.ceil((size - (sizes[i - 1] ?? 0)) / CONNECTS_PER_SECOND), size], [hold, size]]);

// Private memory of all agents at each of the sizes: [[users, bytes]].
async function climb({ url, sizes, agents, hold, flags = [], target, say }) {
  const points = [];
  const done = await runPlan(plan({ name: 'bench-idle', url, stages: stages(sizes, hold), session: [pings(20), messages(30)] }), {
    agents,
    flags,
    during: async ({ agents: processes }) => {
      for (const size of sizes) {
        await target.until(({ open }) => open === size, `${size} WebSockets`, 120);
        await sleep(SETTLE_SECONDS);
        const anonymous = processes.reduce((sum, one) => sum + one.memory().anonymous, 0);
        const { open } = await target.counts();
        if (open !== size) throw new Error(`${open} of ${size} WebSockets are open: the next stage has begun`);
        points.push([size, anonymous]);
        say(`${number(size)} users: ${bytes(anonymous)} on ${agents} agents`);
      }
    },
  });
  const sessions = values(done.summary, 'ws_sessions').count;
  const { upgraded } = await target.counts();
  if (sessions !== upgraded) throw new Error(`Rampart counts ${sessions} WebSockets, the target ${upgraded}`);
  return points;
}

async function plain(say) {
  const target = await startTarget({ processes: 7, addresses: ADDRESSES });
  const points = await climb({
    url: `ws://127.0.0.\${user.id % ${ADDRESSES} + 1}:${target.port}/`,
    sizes: [10_000, 40_000, 100_000],
    agents: 6,
    hold: 8,
    target,
    say,
  });
  await target.stop();
  return points;
}

// nginx takes the TLS off.
async function encrypted(say) {
  const folder = scratchFolder('tls');
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1',
    '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate], { stdio: 'pipe' });
  const target = await startTarget();
  const port = await freePort();
  const nginx = await startNginx('', {
    workers: 2,
    http: `server {
    listen 127.0.0.1:${port} ssl reuseport backlog=4096; ssl_certificate ${certificate}; ssl_certificate_key ${key};
    location / { proxy_pass http://127.0.0.1:${target.port}; proxy_http_version 1.1; proxy_read_timeout 1h; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }
  }`,
  });
  const points = await climb({ url: `wss://127.0.0.1:${port}/`, sizes: [2_000, 8_000], agents: 1, hold: 10, flags: ['--ca-file', certificate], target, say });
  await nginx.stop();
  await target.stop();
  return points;
}

export async function run({ say, publish, publishPlot }) {
  const lines = [
    { name: 'ws', agents: 6, points: await plain(say) },
    { name: 'wss', agents: 1, points: await encrypted(say) },
  ];
  const rows = lines.map(({ name, agents, points }) => [
    name,
    agents,
    points.map(([users, used]) => `${number(users)}: ${bytes(used)}`).join(', '),
    `${number(slope(points).slope)} B`,
  ]);
  publish(
    'idle',
    `${date()}. ${environment([])}

${table(['', 'agents', 'private memory of all agents, by users', 'slope: memory a user'], rows)}

![memory against users](plots/idle-memory.svg)

Every user has three variables, a check, a ping every 20 s, a message every 30 s whose echo is recorded. The kernel's part of a connection is not in it. In wss each user has its own TLS
session; nginx takes the TLS off.`,
  );
  publishPlot('idle-memory', {
    title: 'Private memory of all agents: idle WebSocket users',
    x: { label: 'users' },
    y: { label: 'MB' },
    lines: lines.map(({ name, points }) => ({ name, points: points.map(([users, used]) => [users, used / 1e6]) })),
  });
}
