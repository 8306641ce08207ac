// A chat over GraphQL: queries and mutations over POST, subscriptions over graphql-transport-ws.
// Users sign in with the password `secret`; `half` is answered with data and an error.
'use strict';

const http = require('node:http');
const { buildSchema, graphql, GraphQLError } = require('graphql');
const { useServer } = require('graphql-ws/lib/use/ws');
const { WebSocketServer } = require('ws');
const listen = require('./listening.js');

const schema = buildSchema(`
  type User { id: ID! name: String! email: String! }
  type Session { token: String! user: User! }
  type Channel { id: ID! name: String! }
  type Message { id: ID! content: String! }
  type Found { total: Int! results: [Message!]! }
  type Query {
    channels(limit: Int): [Channel!]!
    messages(channelId: ID!, limit: Int): [Message!]!
    me: User!
    search(query: String!, limit: Int): Found!
    half: [String]
  }
  type Mutation {
    login(email: String!, password: String!): Session!
    sendMessage(channelId: ID!, content: String!): Message!
  }
  type Subscription { messageAdded(channelId: ID!, count: Int): Message! }
`);

const channels = [{ id: '1', name: 'general' }, { id: '2', name: 'random' }];
const messages = new Map(channels.map((channel) => [channel.id, []]));
const listeners = new Set();
let lastId = 0;

function refuse(message, code) {
  return new GraphQLError(message, { extensions: { code } });
}

function userOf(context) {
  const found = /^Bearer token-(.+)$/.exec(context.authorization ?? '');
  if (!found) throw refuse('sign in first', 'UNAUTHENTICATED');
  return { id: found[1], name: found[1].split('@')[0], email: found[1] };
}

function channelOf(id) {
  const found = messages.get(id);
  if (!found) throw refuse(`there is no channel ${id}`, 'NOT_FOUND');
  return found;
}

const root = {
  channels: ({ limit }, context) => userOf(context) && channels.slice(0, limit),
  messages: ({ channelId, limit }, context) => userOf(context) && channelOf(channelId).slice(-limit),
  me: (_, context) => userOf(context),
  search: ({ query, limit }, context) => {
    userOf(context);
    const all = [...messages.values()].flat().filter((one) => one.content.includes(query));
    return { total: all.length, results: all.slice(0, limit) };
  },
  half: () => ['whole', refuse('broken', 'HALF')],
  login: ({ email, password }) => {
    if (password !== 'secret') throw refuse('wrong password', 'UNAUTHENTICATED');
    return { token: `token-${email}`, user: userOf({ authorization: `Bearer token-${email}` }) };
  },
  sendMessage: ({ channelId, content }, context) => {
    userOf(context);
    const message = { id: String(++lastId), content };
    channelOf(channelId).push(message);
    for (const listener of listeners) if (listener.channelId === channelId) listener.push(message);
    return message;
  },
  // All messages of a channel from now on; `count` ends it after so many.
  messageAdded: ({ channelId, count }, context) => {
    userOf(context);
    channelOf(channelId);
    const waiting = [];
    let wake = () => {};
    const listener = { channelId, push: (message) => { waiting.push(message); wake(); } };
    listeners.add(listener);
    let left = count ?? Infinity;
    return {
      [Symbol.asyncIterator]() { return this; },
      async next() {
        if (left === 0) return this.return();
        while (waiting.length === 0) await new Promise((resolve) => { wake = resolve; });
        --left;
        const message = waiting.shift();
        if (message.content === 'poison') return { value: { messageAdded: {} } };
        return { value: { messageAdded: message }, done: false };
      },
      async return() {
        listeners.delete(listener);
        return { value: undefined, done: true };
      },
    };
  },
};

const server = http.createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (piece) => { body += piece; }).on('end', async () => {
    let asked;
    try { asked = JSON.parse(body); } catch { asked = {}; }
    const result = await graphql({
      schema,
      source: asked.query ?? '',
      rootValue: root,
      contextValue: { authorization: request.headers.authorization },
      variableValues: asked.variables,
      operationName: asked.operationName,
    });
    // A request that never was executed has no `data` at all.
    response.writeHead('data' in result ? 200 : 400, {
      'Content-Type': 'application/graphql-response+json; charset=utf-8',
    });
    response.end(JSON.stringify(result));
  });
});

useServer({
  schema,
  roots: { subscription: root, query: root, mutation: root },
  onConnect: ({ connectionParams }) => connectionParams?.refuse !== true,
  context: ({ connectionParams }) => ({ authorization: connectionParams?.authorization }),
}, new WebSocketServer({ server, path: '/graphql' }));

listen(server);
