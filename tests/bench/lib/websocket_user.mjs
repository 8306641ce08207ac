// A plan of users that hold a WebSocket each, with variables, a check and a metric.

// `stages`: [[seconds, users at their end], ...]; `session`: what the users do meanwhile, as pings() and messages() have it.
export const plan = ({ name, url, stages, session }) => `
name: ${name}
metrics: { round_trip: { kind: trend, unit: ms } }
scenarios:
  users:
    load:
      ramping_users:
        stages:
${stages.map(([seconds, users]) => `          - { duration: ${seconds}s, target: ${users} }`).join('\n')}
    graceful_stop: 0s
    steps:
      - set: { name: '"user-" .. user.id', room: user.id % 100, joined: now_ms() }
      - websocket:
          name: session
          url: "${url}"
          checks: { connected: connected }
${session.join('\n')}
`;

export const pings = (seconds) => `          ping_every: ${seconds}s`;

// Texts of which the server's echo is recorded.
export const messages = (seconds) => `          send_every:
            - interval: ${seconds}s
              message: { json: { type: ping, name: "\${name}", timestamp: "\${now_us()}" } }
          on_message:
            - record: { round_trip: (now_us() - json.timestamp) / 1000 }`;
