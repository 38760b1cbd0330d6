import { networkInterfaces } from 'node:os';
import { checkUrl, type GuardOptions, guardedFetch, sourceBytes } from '@retone/storage';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guardErrorOf } from './errors.ts';
import { startServer, type TestServer } from './servers.ts';

/** Forms of URLs that must not be fetched. `PORT` stands for the port that the secret is served at. */
const forms = [
  // This machine, as IPv4
  'http://127.0.0.1:PORT/',
  'https://127.0.0.1:PORT/',
  'http://127.0.0.1.:PORT/',
  'http://127.0.0.1..:PORT/',
  'http://127.1:PORT/',
  'http://127.0.1:PORT/',
  'http://2130706433:PORT/',
  'http://0x7f000001:PORT/',
  'http://0X7F000001:PORT/',
  'http://0x7f.1:PORT/',
  'http://0x7f.0x0.0x0.0x1:PORT/',
  'http://017700000001:PORT/',
  'http://0177.0.0.1:PORT/',
  'http://0177.0.0.01:PORT/',
  'http://00000177.0.0.1:PORT/',
  'http://0x7f.0.1:PORT/',
  'http://0177.0x0.1:PORT/',
  'http://127.255.255.254:PORT/',
  'http://0:PORT/',
  'http://0.0.0.0:PORT/',
  'http://0x0:PORT/',
  'http://0000:PORT/',
  'http://%31%32%37.0.0.1:PORT/',
  'http://127%2e0%2e0%2e1:PORT/',
  'http://127。0。0。1:PORT/',
  'http://１２７．０．０．１:PORT/',
  'http://①②⑦.⓪.⓪.①:PORT/',
  'http://127.0.0.\u00ad1:PORT/',
  'http://127.0.\t0.1:PORT/',
  'http://127.0.0.1\n:PORT/',
  // as IPv6
  'http://[::1]:PORT/',
  'http://[::]:PORT/',
  'http://[0:0:0:0:0:0:0:1]:PORT/',
  'http://[0000:0000:0000:0000:0000:0000:0000:0001]:PORT/',
  'http://[::ffff:127.0.0.1]:PORT/',
  'http://[::ffff:7f00:1]:PORT/',
  'http://[::FFFF:7F00:0001]:PORT/',
  'http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/',
  'http://[::127.0.0.1]:PORT/',
  'http://[::ffff:0:127.0.0.1]:PORT/',
  'http://[64:ff9b::127.0.0.1]:PORT/',
  'http://[64:ff9b:1::7f00:1]:PORT/',
  'http://[2002:7f00:1::1]:PORT/',
  'http://[2001:0:7f00:1::]:PORT/',
  'http://[::1%25lo]:PORT/',
  'http://[fe80::1%25lo]:PORT/',
  'http://[127.0.0.1]:PORT/',
  // by name
  'http://localhost:PORT/',
  'http://LOCALHOST:PORT/',
  'http://localhost.:PORT/',
  'http://lo\u00adcalhost:PORT/',
  'http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:PORT/',
  'http://ｌｏｃａｌｈｏｓｔ:PORT/',
  'http://l%6fcalhost:PORT/',
  'http://a.localhost:PORT/',
  'http://a.b.LocalHost.:PORT/',
  'http://four.example:PORT/',
  'http://four.example.:PORT/',
  'http://six.example:PORT/',
  'http://mapped.example:PORT/',
  'http://any.example:PORT/',
  'http://one-of-two.example:PORT/',
  'http://zone.example:PORT/',
  'http://name.example:PORT/',
  'http://nothing.example:PORT/',
  'http://unknown.example:PORT/',
  'http://127.0.0.1.nip.example:PORT/',
  'http://bücher.example:PORT/',
  // Networks that only this machine reaches
  'http://10.0.0.1/',
  'http://012.1/',
  'http://172.16.0.1/',
  'http://172.31.255.255/',
  'http://192.168.1.1/',
  'http://3232235777/',
  'http://100.64.0.1/',
  'http://198.18.0.1/',
  'http://192.0.2.1/',
  'http://203.0.113.1/',
  'http://224.0.0.1/',
  'http://240.0.0.1/',
  'http://255.255.255.255/',
  'http://[fc00::1]/',
  'http://[fd12:3456:789a::1]/',
  'http://[fe80::1]/',
  'http://[fec0::1]/',
  'http://[ff02::1]/',
  'http://[2001:db8::1]/',
  'http://[3fff::1]/',
  // Clouds' metadata
  'http://169.254.169.254/latest/meta-data/',
  'http://2852039166/',
  'http://0xa9fea9fe/',
  'http://0251.0376.0251.0376/',
  'http://169.254.43518/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[fd00:ec2::254]/',
  'http://169.254.170.2/',
  'http://100.100.100.200/',
  'http://192.0.0.192/',
  'http://168.63.129.16/',
  'http://metadata.google.internal/',
  // User names, real and apparent
  'http://user@127.0.0.1:PORT/',
  'http://user:password@127.0.0.1:PORT/',
  'http://:password@four.example:PORT/',
  'http://@127.0.0.1:PORT/',
  'http://public.example@127.0.0.1:PORT/',
  'http://public.example:80@127.0.0.1:PORT/',
  'http://public.example%00@127.0.0.1:PORT/',
  'http://127.0.0.1:PORT@public.example/',
  'http://user:password@public.example/',
  'http://1.1.1.1 &@127.0.0.1:PORT# @3.3.3.3/',
  'http://127.0.0.1:PORT#@public.example/',
  'http://127.0.0.1:PORT?@public.example/',
  'http://127.0.0.1:PORT\\@public.example/',
  'http://127.0.0.1:PORT\\.public.example/',
  // Odd slashes and spaces
  'http:127.0.0.1:PORT',
  'http:/127.0.0.1:PORT',
  'http:///127.0.0.1:PORT/',
  'http://///127.0.0.1:PORT/',
  'http:\\\\127.0.0.1:PORT\\',
  ' \t\nhttp://127.0.0.1:PORT/ ',
  'ht\ntp://127.0.0.1:PORT/',
  'HTTP://127.0.0.1:PORT/',
  'http://127.0.0.1:\t0PORT/',
  'http://127.0.0.1:PORT/\0',
  'http://127.0.0.1\0.public.example:PORT/',
  'http://127.0.0.1%00.public.example:PORT/',
  'http://public example:PORT/',
  '//127.0.0.1:PORT/',
  '127.0.0.1:PORT',
  'localhost:PORT',
  '/etc/passwd',
  '',
  'http://',
  'http://:PORT/',
  'http://./',
  'http://../',
  'http://a..example/',
  `http://${'a.'.repeat(130)}example/`,
  `http://public.example/${'a'.repeat(8200)}`,
  'http://256.0.0.1/',
  'http://127.0.0.1:65536/',
  // Other ports than the Web's
  'file:///etc/passwd',
  'file://127.0.0.1/etc/passwd',
  'file:/etc/passwd',
  'ftp://127.0.0.1:PORT/',
  'gopher://127.0.0.1:PORT/_GET%20/',
  'dict://127.0.0.1:PORT/info',
  'ldap://127.0.0.1:PORT/',
  'tftp://127.0.0.1:PORT/',
  'ws://127.0.0.1:PORT/',
  'jar:http://127.0.0.1:PORT/!/',
  'view-source:http://127.0.0.1:PORT/',
  'blob:http://127.0.0.1:PORT/1',
  'http+unix://%2fvar%2frun%2fdocker.sock/',
  'unix:/var/run/docker.sock',
  'javascript:fetch("http://127.0.0.1:PORT/")',
  'about:blank',
  'http://public.example:22/',
  'http://public.example:25/',
  'http://public.example:6667/',
  'http://public.example:0/',
];

const names: Record<string, string[]> = {
  'public.example': ['93.184.216.34'],
  'four.example': ['127.0.0.1'],
  'six.example': ['::1'],
  'mapped.example': ['::ffff:127.0.0.1'],
  'any.example': ['0.0.0.0'],
  'one-of-two.example': ['93.184.216.34', '127.0.0.1'],
  'zone.example': ['fe80::1%lo'],
  'name.example': ['localhost'],
  'nothing.example': [],
  '127.0.0.1.nip.example': ['127.0.0.1'],
  'xn--bcher-kva.example': ['127.0.0.1'],
  'metadata.google.internal': ['169.254.169.254'],
};

async function resolve(name: string): Promise<string[]> {
  const addresses = names[name];
  if (!addresses) throw Object.assign(new Error(`${name}?`), { code: 'ENOTFOUND' });
  return addresses;
}

const limits: GuardOptions = { maxBytes: 1000, timeoutMs: 60_000, resolve };
let four: TestServer;
let six: TestServer | undefined;

/** Not every machine has IPv6, in a container least of all. */
const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

beforeAll(async () => {
  for (;;) {
    four = await startServer((_, response) => void response.end('secret'));
    if (!hasIPv6) return;
    try {
      six = await startServer((_, response) => void response.end('secret'), { address: '::1', port: four.port });
      return;
    } catch (error) {
      await four.close();
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
});
afterAll(() => Promise.all([four.close(), six?.close()]));

/** To the secret, so far: by IPv4 and by IPv6. */
function connections(): [four: number, six: number] {
  return [four.connections(), six?.connections() ?? 0];
}

describe('what must not be fetched', () => {
  test('is listed in many forms', () => expect(new Set(forms).size).toBeGreaterThan(150));

  test.each(forms)('%j', async (form) => {
    const url = form.replaceAll('PORT', String(four.port));
    await guardErrorOf(guardedFetch(url, limits), 'bad-url', 'blocked-address');
    await guardErrorOf(guardedFetch(url, { ...limits, method: 'POST', body: '{}' }), 'bad-url', 'blocked-address');
    await guardErrorOf(checkUrl(url, { resolve }), 'bad-url', 'blocked-address');
    await guardErrorOf(sourceBytes(url, limits), 'bad-url', 'blocked-address', 'bad-source');
    expect(connections()).toEqual([0, 0]);
  });

  test('a redirect to it is not followed either', async () => {
    let location = '';
    const redirecting = await startServer((_, response) => void response.writeHead(302, { location }).end());
    try {
      const options = { ...limits, allowHosts: [`127.0.0.1:${redirecting.port}`] };
      const follows = forms.map((form) => form.replaceAll('PORT', String(four.port)));
      for (location of follows) {
        // Relative ones lead to the server itself, and are refused there (its name does not matter then).
        const target = URL.parse(location, redirecting.origin);
        // Node refuses to send these as headers.
        if (/[\0\n]|[^\0-\xff]/.test(location) || target?.origin === redirecting.origin) continue;
        await guardErrorOf(guardedFetch(redirecting.origin, options), 'bad-url', 'blocked-address');
      }
      expect(redirecting.connections()).toBeGreaterThan(100);
      expect(connections()).toEqual([0, 0]);
    } finally {
      await redirecting.close();
    }
  });

  test('what is allowed stays at its port and host', async () => {
    const { port } = four;
    for (const [url, allowed] of [
      [`http://127.0.0.1:${port}/`, `127.0.0.1:${port + 1}`],
      [`http://127.0.0.1:${port}/`, '127.0.0.1:80'],
      [`http://[::1]:${port}/`, '127.0.0.1'],
      [`http://127.0.0.1:${port}/`, '127.0.0.2/31'],
      [`http://127.0.0.1:${port}/`, '10.0.0.0/8'],
      [`http://127.0.0.1:${port}/`, 'four.example'],
      [`http://four.example:${port}/`, `four.example:${port + 1}`],
      [`http://four.example:${port}/`, 'example'],
      [`http://four.example:${port}/`, '.example'],
      // Both of its addresses count.
      [`http://localhost:${port}/`, '127.0.0.1'],
    ] as const) {
      await guardErrorOf(guardedFetch(url, { ...limits, allowHosts: [allowed] }), 'blocked-address');
    }
    expect(connections()).toEqual([0, 0]);
  });

  test('a private name is not distinguished from an unknown one', async () => {
    const { message } = await guardErrorOf(guardedFetch('http://four.example/', limits), 'blocked-address');
    const other = await guardErrorOf(guardedFetch('http://unknown.example/', limits), 'blocked-address');
    expect(other.message).toBe(message.replace('four', 'unknown'));
    expect(message).not.toContain('127.0.0.1');
  });
});

describe('a name whose addresses change', () => {
  /** A resolver that gives one answer after another, and the last one ever after. */
  function changing(...answers: string[][]) {
    const asked: string[] = [];
    return {
      asked,
      resolve: async (name: string) => answers[Math.min(asked.push(name), answers.length) - 1]!,
    };
  }

  test.skipIf(!hasIPv6)('is looked up once for a request, and that address is used', async () => {
    // Both addresses are allowed here, so that nothing but the pinning keeps the second from being used.
    const { resolve, asked } = changing(['::1'], ['127.0.0.1']);
    const before = connections();
    const options = { ...limits, resolve, allowHosts: ['127.0.0.1', '::1'] };
    const { body } = await guardedFetch(`http://changing.example:${four.port}/`, options);
    for await (const chunk of body) expect(Buffer.from(chunk).toString()).toBe('secret');
    expect(asked).toEqual(['changing.example']);
    expect(connections()).toEqual([before[0], before[1] + 1]);
  });

  test('is checked again when it is asked for again', async () => {
    const { resolve, asked } = changing(['93.184.216.34'], ['127.0.0.1']);
    const before = connections();
    const url = `http://changing.example:${four.port}/`;
    expect((await checkUrl(url, { resolve })).addresses).toEqual(['93.184.216.34']);
    await guardErrorOf(guardedFetch(url, { ...limits, resolve }), 'blocked-address');
    expect(asked).toHaveLength(2);
    expect(connections()).toEqual(before);
  });

  test('is checked again at a redirect to itself', async () => {
    const redirecting = await startServer((_, response) => void response.writeHead(302, { location: '/next' }).end());
    const { resolve, asked } = changing(['127.0.0.1'], ['127.0.0.2']);
    const url = `http://changing.example:${redirecting.port}/`;
    await guardErrorOf(guardedFetch(url, { ...limits, resolve, allowHosts: ['127.0.0.1'] }), 'blocked-address');
    expect(asked).toHaveLength(2);
    expect(redirecting.connections()).toBe(1);
    await redirecting.close();
  });
});
