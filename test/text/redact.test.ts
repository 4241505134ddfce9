import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { makeRedactor } from '../../src/text/redact.ts';

const SECRET = 'hunter2/horse+battery=staple';
const redact = makeRedactor({ MODEL_API_KEY: SECRET, HOME: '/home/someone', LANG: 'en_GB.UTF-8' });

describe('makeRedactor', () => {
  const forms: [string, string][] = [
    ['as it is', SECRET],
    ['URL-encoded', encodeURIComponent(SECRET)],
    ['URL-encoded in lower case', encodeURIComponent(SECRET).replace(/%../g, (code) => code.toLowerCase())],
    ['with slashes escaped, as some JSON writers do', SECRET.replaceAll('/', '\\/')],
    ['in base64', Buffer.from(SECRET).toString('base64')],
    ['in base64url', Buffer.from(SECRET).toString('base64url')],
    ['in base64 one byte into a group', Buffer.from(`u${SECRET}`).toString('base64')],
    ['in the base64 of user:password', Buffer.from(`me:${SECRET}`).toString('base64')],
    ['in the base64 of user:password, one byte further', Buffer.from(`you:${SECRET}`).toString('base64')],
  ];
  for (const [how, text] of forms) {
    it(`finds a secret of the environment ${how}`, () => {
      const out = redact(`before ${text} after`);
      assert.match(out, /^before .{0,8}\[redacted:MODEL_API_KEY\].{0,8} after$/);
    });
  }

  it('knows a secret by the name of its variable, and leaves places and settings alone', () => {
    const value = 'hunter2hunter2';
    const secret = [
      'DB_PASS',
      'PGPASSWORD',
      'DB_PWD',
      'ADMIN_PWD_OLD',
      'SENTRY_DSN',
      'DSN',
      'SESSION_COOKIE',
      'SLACK_WEBHOOK_URL',
      'HASH_SALT',
    ];
    for (const name of secret) assert.equal(makeRedactor({ [name]: value })(value), `[redacted:${name}]`);
    for (const name of ['PWD', 'OLDPWD', 'SSH_AUTH_SOCK', 'PASSENGER_ROOT', 'BASALT', 'API_KEY_PATH', 'EDITOR'])
      assert.equal(makeRedactor({ [name]: value })(value), value, name);
  });

  it('finds a secret that needs escapes, in JSON and in JSON within JSON', () => {
    const value = 'pass"word\\ with\nlines é';
    const out = makeRedactor({ DB_PASSWORD: value });
    for (const text of [JSON.stringify({ value }), JSON.stringify({ text: JSON.stringify({ value }) })]) {
      const line = out(text);
      assert.match(line, /\[redacted:DB_PASSWORD\]/);
      assert.doesNotMatch(line, /pass|lines/);
      assert.doesNotThrow(() => JSON.parse(line) as unknown);
    }
    assert.match(out('"\\u00e9" pass\\"word\\\\ with\\nlines \\u00e9'), /\[redacted:DB_PASSWORD\]$/);
  });

  const shapes: [string, string][] = [
    ['github-token', `ghp_${'aB3'.repeat(12)}`],
    ['github-token', `ghs_${'aB3'.repeat(12)}`],
    ['github-token', `github_pat_${'aB3_'.repeat(20)}`],
    ['github-token', Buffer.from(`x-access-token:github_pat_${'aB3_'.repeat(20)}`).toString('base64')],
    ['anthropic-key', `sk-ant-api03-${'aB3-'.repeat(20)}`],
    ['anthropic-key', Buffer.from(`sk-ant-api03-${'aB3-'.repeat(20)}`).toString('base64')],
    ['api-key', `sk-proj-${'aB3_'.repeat(12)}`],
    ['slack-token', `xoxb-${'12345-'.repeat(4)}abc`],
    ['aws-key-id', 'AKIAIOSFODNN7EXAMPLE'],
    ['google-key', `AIza${'aB3_x'.repeat(7)}`],
    ['npm-token', `npm_${'aB3'.repeat(12)}`],
    ['bearer', 'Authorization: Bearer abc.def123456789.ghi'],
    ['url-password', 'https://x-access-token:topsecret@github.com/a/b.git'],
    ['private-key', '-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc+/=\n-----END RSA PRIVATE KEY-----'],
    ['private-key', '-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaC1rZXk\\ntruncated…'],
  ];
  for (const [name, token] of shapes) {
    it(`knows ${name} by its shape: ${token.slice(0, 28).replace(/\s/g, ' ')}`, () => {
      const out = redact(`x ${token} y`);
      assert.match(out, new RegExp(`\\[redacted:${name}\\]`));
      assert.doesNotMatch(out, /aB3|MIIE|topsecret|EXAMPLE|b3Blb|ghi/);
      assert.match(out, /^x .*y$/s);
    });
  }

  it('leaves the words around a bearer token and a password readable', () => {
    assert.equal(redact('Authorization: Bearer abc.def123456789.ghi'), 'Authorization: Bearer [redacted:bearer]');
    assert.equal(redact('https://me:topsecret@example.org/x'), 'https://me:[redacted:url-password]@example.org/x');
  });

  it('finds a key right after an escaped newline, and not inside of a word', () => {
    assert.equal(redact(`"a\\nsk-${'aB3_'.repeat(8)}"`), '"a\\n[redacted:api-key]"');
    const innocent = [
      'git checkout -b task-list-view-with-2-columns-and-more',
      'disk-usage-of-the-10-largest-directories',
      'a bearer of bad news about authentication',
      'http://localhost:3000/@vite/client',
      'sha512-Z2hwXyBjYWxsZWQ',
    ];
    for (const text of innocent) assert.equal(redact(text), text);
  });

  it('takes only variables whose names speak of a secret, and only values of 8 characters or more', () => {
    const out = makeRedactor({
      SHORT_TOKEN: 'abc1234',
      GIT_AUTHOR_NAME: 'Jane Example',
      SSH_AUTH_SOCK: '/tmp/ssh-XXXX/agent.1',
      MAX_OUTPUT_TOKENS: '100000000',
      EDITOR: 'some-editor',
      github_token: 'lowercase-name-counts',
    });
    const text = 'abc1234 Jane Example /tmp/ssh-XXXX/agent.1 100000000 some-editor';
    assert.equal(out(text), text);
    assert.equal(out('lowercase-name-counts'), '[redacted:github_token]');
  });

  it('prefers the longer of two secrets that begin alike', () => {
    const out = makeRedactor({ A_TOKEN: 'abcdefgh', B_TOKEN: 'abcdefgh-and-more' });
    assert.equal(out('abcdefgh-and-more abcdefgh'), '[redacted:B_TOKEN] [redacted:A_TOKEN]');
  });

  it('finds the single lines of a key block', () => {
    const line = 'MIIEowIBAAKCAQEA1234567890abcdefghijklmnopq';
    const out = makeRedactor({ DEPLOY_KEY: `-----BEGIN KEY-----\n${line}\n-----END KEY-----` });
    assert.equal(out(`line 2: ${line}`), 'line 2: [redacted:DEPLOY_KEY]');
  });

  it('returns the same string when there is nothing to hide', () => {
    const text = 'nothing to see';
    assert.equal(redact(text), text);
    assert.equal(makeRedactor({})(''), '');
  });

  it('keeps a JSON line valid when a secret looks like JSON itself', () => {
    const number = makeRedactor({ PIN_SECRET: '1234567890' });
    assert.equal(number('{"pin":"1234567890"}'), '{"pin":"[redacted:PIN_SECRET]"}');
    assert.equal(number('{"pin":1234567890}'), '{"redacted":"line"}');
    assert.equal(number('pin 1234567890'), 'pin [redacted:PIN_SECRET]');
    const object = makeRedactor({ SERVICE_CREDENTIAL: '{"type":"account","id":7}' });
    assert.equal(object('{"rawInput":{"type":"account","id":7}}'), '{"redacted":"line"}');
  });

  it('keeps every JSON line valid and leaves no secret in it, whatever the secret and the text', () => {
    const secret = fc.oneof(
      fc.string({ unit: 'binary', minLength: 8, maxLength: 20 }),
      fc.string({
        unit: fc.constantFrom('\\', '"', 'n', 'u', '0', 'e', '9', '/', '%', 'b'),
        minLength: 8,
        maxLength: 12,
      }),
    );
    fc.assert(
      fc.property(secret, fc.string({ unit: 'binary' }), fc.string(), (value, before, after) => {
        // The environment cannot hold NUL, and white space at the ends of a value is not part of the secret.
        fc.pre(!value.includes('\0') && value.trim().length >= 8);
        const line = JSON.stringify({ a: before + value + after, [value]: [value, { b: 'x' }] });
        const out = makeRedactor({ THE_SECRET: value })(line);
        const parsed = JSON.parse(out) as unknown;
        assert.ok(!JSON.stringify(parsed).includes(JSON.stringify(value.trim()).slice(1, -1)));
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps every JSON line valid when the secret occurs by chance, in the middle of an escape', () => {
    const letters = fc.constantFrom('\n', 'é', '\\', '"', 'n', 'u', '0', 'e', '9', '\x00');
    fc.assert(
      fc.property(
        fc.string({ unit: letters, minLength: 20, maxLength: 60 }),
        fc.nat(60),
        fc.integer({ min: 8, max: 12 }),
        (text, start, length) => {
          const line = JSON.stringify({ text });
          const value = line.slice(start, start + length);
          const out = makeRedactor({ THE_SECRET: value })(line);
          assert.doesNotThrow(() => JSON.parse(out) as unknown, out);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('is fast on hostile lines', () => {
    const units = [
      'sk-',
      'bearer ',
      '://:',
      '\\',
      '-----BEGIN PRIVATE KEY-----',
      'A',
      'gh',
      '://a:b',
      '\\\\n',
      'Z2l0aHViX3BhdF',
    ];
    for (const unit of units) {
      const text = unit.repeat(Math.ceil(1_000_000 / unit.length));
      const begin = performance.now();
      redact(text);
      assert.ok(performance.now() - begin < 2000, unit);
    }
  });
});
