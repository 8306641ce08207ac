// 10,000 WebSockets whose users ping every 10 s: CPU of a minute, and memory of a user, beside peers.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { date, environment } from './lib/environment.mjs';
import { sleep, start } from './lib/process.mjs';
import { runPlan, values } from './lib/rampart.mjs';
import { bytes, median, number, table } from './lib/table.mjs';
import { startTarget } from './lib/target.mjs';
import { peer, scratchFolder } from './lib/tree.mjs';
import { messages, pings, plan } from './lib/websocket_user.mjs';

export const about = 'CPU and memory of 10,000 users that ping every 10 s, beside artillery and tsung';
export const byDefault = true;

const FEW = 1_000; // where the memory of a user is counted from
const USERS = 10_000;
const PING_SECONDS = 10;
const SETTLE_SECONDS = 2;
const HOLD_SECONDS = 4; // at FEW

const folder = scratchFolder('websocket');

const rampartPlan = (port, seconds, session) =>
  plan({
    name: 'bench-websocket',
    url: `ws://127.0.0.1:${port}/`,
    stages: [[1, FEW], [HOLD_SECONDS + SETTLE_SECONDS, FEW], [4, USERS], [seconds, USERS]],
    session: [session],
  });

const artilleryPlan = (port) => `
config:
  target: "ws://127.0.0.1:${port}/"
  phases:
    - { duration: 5, arrivalCount: ${FEW} }
    - { pause: ${HOLD_SECONDS + SETTLE_SECONDS} }
    - { duration: 20, arrivalCount: ${USERS - FEW} }
scenarios:
  - engine: ws
    flow:
      - loop:
          - think: ${PING_SECONDS}
          - send: ping
        count: 1000
`;

const tsungPlan = (port) => `<?xml version="1.0"?>
<!DOCTYPE tsung SYSTEM "/usr/share/tsung/tsung-1.0.dtd">
<tsung loglevel="warning">
  <clients><client host="localhost" use_controller_vm="true" maxusers="30000"/></clients>
  <servers><server host="127.0.0.1" port="${port}" type="tcp"/></servers>
  <load>
    <arrivalphase phase="1" duration="${5 + HOLD_SECONDS + SETTLE_SECONDS}" unit="second">
      <users maxnumber="${FEW}" arrivalrate="250" unit="second"/>
    </arrivalphase>
    <arrivalphase phase="2" duration="600" unit="second">
      <users maxnumber="${USERS - FEW}" arrivalrate="750" unit="second"/>
    </arrivalphase>
  </load>
  <sessions>
    <session name="ping" probability="100" type="ts_websocket">
      <request><websocket type="connect" path="/"/></request>
      <for from="1" to="1000" var="i">
        <thinktime value="${PING_SECONDS}" random="false"/>
        <request><websocket type="message" ack="parse">ping</websocket></request>
      </for>
    </session>
  </sessions>
</tsung>
`;

// Memory at FEW and at USERS, then the CPU of `seconds`.
async function watch(target, client, seconds) {
  await target.until(({ open }) => open === FEW, `${FEW} WebSockets`, 60);
  await sleep(SETTLE_SECONDS);
  const few = client.memory().anonymous;
  await target.until(({ open }) => open === USERS, `${USERS} WebSockets`, 120);
  await sleep(SETTLE_SECONDS);
  const many = client.memory().anonymous;
  const before = await target.counts();
  const cpu = client.cpuSeconds();
  const began = process.hrtime.bigint();
  await sleep(seconds);
  const used = client.cpuSeconds() - cpu;
  const passed = Number(process.hrtime.bigint() - began) / 1e9;
  const after = await target.counts();
  if (after.open !== USERS) throw new Error(`${after.open} of ${USERS} WebSockets are left`);
  const pings = after.pings + after.messages - before.pings - before.messages;
  return { perUser: (many - few) / (USERS - FEW), many, cpu: (used / passed) * 60, pings: (pings / passed) * 60 };
}

const rampart = (session) => async (target, seconds) => {
  let seen;
  const before = await target.counts();
  const done = await runPlan(rampartPlan(target.port, seconds + 6, session), {
    during: async ({ agents }) => (seen = await watch(target, agents[0], seconds)),
  });
  const { upgraded } = await target.counts();
  const sessions = values(done.summary, 'ws_sessions').count;
  if (sessions !== upgraded - before.upgraded) throw new Error(`Rampart counts ${sessions} WebSockets, the target ${upgraded - before.upgraded}`);
  return seen;
};

const clients = {
  'Rampart, protocol pings': rampart(pings(PING_SECONDS)),
  'Rampart, messages and on_message': rampart(messages(PING_SECONDS)),
  artillery: async (target, seconds) => {
    const file = join(folder, 'artillery.yaml');
    writeFileSync(file, artilleryPlan(target.port));
    const env = { WORKERS: '1', ARTILLERY_DISABLE_TELEMETRY: 'true', DISABLE_TELEMETRY: 'true' };
    return stopping(await start(peer('artillery'), ['run', file], { cpus: '1', env }), target, seconds);
  },
  tsung: async (target, seconds) => {
    const file = join(folder, 'tsung.xml');
    writeFileSync(file, tsungPlan(target.port));
    return stopping(await start('tsung', ['-f', file, '-l', folder, 'start'], { cpus: '1', env: { HOME: folder } }), target, seconds);
  },
};

async function stopping(client, target, seconds) {
  try {
    return await watch(target, client, seconds);
  } catch (error) {
    throw new Error(`${error.message}\n${client.output.slice(-1500)}`);
  } finally {
    await client.stop();
  }
}

export async function run({ rounds = 1, seconds = 10, say, publish }) {
  const results = new Map(Object.keys(clients).map((name) => [name, []]));
  const missing = [];
  for (let round = 1; round <= rounds; ++round) {
    for (const [name, client] of Object.entries(clients)) {
      const target = await startTarget();
      try {
        const one = await client(target, seconds);
        results.get(name).push(one);
        say(`round ${round}, ${name}: ${number(one.cpu, 2)} CPU-s a minute, ${bytes(one.perUser)} a user, ${number(one.pings)} pings a minute`);
      } catch (error) {
        if (name.startsWith('Rampart')) throw error;
        say(`${name} could not do it: ${error.message}`);
        missing.push(name);
      }
      await target.stop();
    }
  }
  const base = median(results.get('Rampart, messages and on_message').map((one) => one.cpu));
  const rows = [...results].map(([name, list]) => {
    if (list.length === 0) return [name, '-', '-', '-', '-', '-'];
    const of = (key) => median(list.map((one) => one[key]));
    return [name, number(of('cpu'), 2), number(of('cpu') / base, 1), bytes(of('perUser')), bytes(of('many')), number(of('pings'))];
  });
  publish(
    'websocket',
    `${date()}. ${number(USERS)} users, each pings every ${PING_SECONDS} s; CPU over ${seconds} s once all are connected, as a minute; ${rounds === 1 ? 'one round' : `medians of ${rounds} rounds`}. ${environment(['artillery', 'tsung', 'node'])}

${table(['client', 'CPU-s a minute', 'ratio', 'memory a user', 'memory of all', 'pings a minute'], rows)}
${missing.length > 0 ? `\nNot measured, since it did not hold ${number(USERS)} connections here: ${missing.join(', ')}.\n` : ''}
Memory is the client's private anonymous memory (\`Pss_Anon\`); that of a user is the difference between ${number(FEW)} and ${number(USERS)} users. The
kernel's part of a connection is not in it. Where a runtime has a heap with room in it from the start (artillery's), that difference says less than the
memory of all. artillery and tsung send a text; the target (\`tests/bench/target.cc\`) echoes it. Pings a minute are what the target saw. The second line of Rampart's is
this plan, the first has \`ping_every: ${PING_SECONDS}s\` in place of its messages:

\`\`\`yaml
${rampartPlan(8080, seconds + 6, messages(PING_SECONDS)).trim()}
\`\`\``,
  );
}
