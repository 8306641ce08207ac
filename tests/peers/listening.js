// Listens on a free port of loopback and says so in the first line of the output. A peer whose test
// was killed ends by itself.
'use strict';

const LONGEST_LIFE_MS = 10 * 60 * 1000;

module.exports = function listen(server) {
  server.listen(0, '127.0.0.1', () => {
    console.log(`listening on 127.0.0.1:${server.address().port}`);
  });
  setTimeout(() => process.exit(1), LONGEST_LIFE_MS).unref();
};
