import { beforeAll, describe, expect, test } from 'vitest';
import { refusal, root, running } from './endpoint-service.ts';
import { bytes, sendForm, upload } from './uploading.ts';

// Uploads, and the files that they become.

describe('an upload', () => {
  test.each([
    ['take.wav', 'audio/wav', 'audio'],
    ['take.mp3', 'application/octet-stream', 'audio'],
    ['picture.png', 'image/png', 'image'],
    ['clip.mp4', 'video/mp4', 'video'],
  ])('of %s as %s answers with type, URL, name and size', async (name, type, kind) => {
    const { status, body } = await sendForm(running, (form) =>
      form.append('file', new Blob([bytes(10)], { type }), name),
    );
    expect(status).toBe(200);
    const download = expect.stringMatching(new RegExp(`^${running.url}/files/[\\w-]{20,}\\.\\w+$`));
    expect(body.data).toMatchObject({ download_url: download, filename: name, size: 10 });
    if (name !== 'clip.mp4') expect(body.data.type).toBe(kind);
    const file = await fetch(body.data.download_url);
    expect(new Uint8Array(await file.arrayBuffer())).toEqual(bytes(10));
  });

  test('may have other fields before the file, and any name', async () => {
    const { body } = await sendForm(running, (form) => {
      form.append('purpose', 'test');
      form.append('file', new Blob([bytes(3)]), '../../etc/a\u0000b"c\n.wav');
    });
    expect(body.code).toBe(200);
    expect(body.data.filename).not.toMatch(/[/"\p{Cc}]/u);
    expect((await fetch(body.data.download_url)).status).toBe(200);
  });

  test.each(['/api/v3/media/upload/binary', '/api/v3/adapters'])(
    'that is larger than allowed is answered with 413 by %s, and leaves nothing',
    async (path) => {
      const stored = async () => {
        const keys: string[] = [];
        for await (const { key } of running.service.store.list('')) keys.push(key);
        return keys;
      };
      const before = await stored();
      const { status, body } = await sendForm(
        running,
        (form) => form.append('file', new Blob([bytes(1_000_001)]), 'a'),
        path,
      );
      expect(status).toBe(413);
      expect(body).toEqual(refusal(413, 'too_large'));
      expect(body.message).toContain('1 MB');
      expect(await stored()).toEqual(before);
    },
  );

  test('without a part named "file" is answered with 400', async () => {
    expect(await sendForm(running, (form) => form.append('audio', new Blob(['x']), 'a.wav'))).toMatchObject({
      status: 400,
    });
    expect(await sendForm(running, (form) => form.append('file', 'a text'))).toMatchObject({ status: 400 });
  });

  test('that is not multipart is answered with 415', async () => {
    const answer = await running.call('POST', '/api/v3/media/upload/binary', {});
    expect(answer).toMatchObject({ status: 415, body: refusal(415) });
  });

  test('by ticket is PUT once, where the ticket says', async () => {
    const ticket = { filename: 'a.flac', size: 5, content_type: 'audio/flac' };
    const { body } = await running.call('POST', '/api/v3/media/uploads', ticket);
    const { download_url: url, upload: how } = body.data;
    expect(body.data).toMatchObject({ type: 'audio', filename: 'a.flac', size: 5 });
    expect((await fetch(url)).status).toBe(404);
    const put = () => fetch(how.url, { method: how.method, headers: how.headers, body: bytes(5) });
    expect((await fetch(how.url, { method: 'PUT' })).status).toBe(400);
    expect((await put()).status).toBe(200);
    expect(new Uint8Array(await (await fetch(url)).arrayBuffer())).toEqual(bytes(5));
    expect((await put()).status).toBe(409);
    const input = { prompt: 'x', audio: url };
    expect((await running.call('POST', `${root}/audio-to-audio`, input)).status).toBe(200);
  });

  test('by ticket is refused when it is too large or wrong', async () => {
    const large = await running.call('POST', '/api/v3/media/uploads', { filename: 'a.wav', size: 2e6 });
    expect(large).toMatchObject({ status: 413, body: refusal(413) });
    for (const body of [{}, { filename: 'a.wav' }, { filename: '', size: 1 }, { filename: 'a', size: -1 }, []])
      expect((await running.call('POST', '/api/v3/media/uploads', body)).status).toBe(400);
    const { body } = await running.call('POST', '/api/v3/media/uploads', { filename: 'a.wav', size: 1 });
    const put = await fetch(body.data.upload.url, { method: 'PUT', body: bytes(1_000_001) });
    expect(put.status).toBe(413);
  });
});

describe('a file', () => {
  let url: string;
  beforeAll(async () => {
    url = await upload(running, 'a.wav');
  });

  test('needs no key, and has its type and a name', async () => {
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('audio/wav');
    expect(response.headers.get('content-disposition')).toContain('a.wav');
    expect(response.headers.get('accept-ranges')).toBe('bytes');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes(1000));
  });

  test('has a HEAD', async () => {
    const response = await fetch(url, { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-length')).toBe('1000');
    expect((await response.arrayBuffer()).byteLength).toBe(0);
  });

  test.each([
    ['bytes=0-0', 0, 0],
    ['bytes=10-19', 10, 19],
    ['bytes=990-', 990, 999],
    ['bytes=990-5000', 990, 999],
    ['bytes=-10', 990, 999],
    ['bytes=-5000', 0, 999],
  ])('answers %s with that part', async (range, first, last) => {
    const response = await fetch(url, { headers: { range } });
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(`bytes ${first}-${last}/1000`);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes(1000).slice(first, last + 1));
  });

  test.each(['bytes=1000-', 'bytes=5000-6000', 'bytes=-0'])('answers %s with 416', async (range) => {
    const response = await fetch(url, { headers: { range } });
    expect(response.status).toBe(416);
    expect(response.headers.get('content-range')).toBe('bytes */1000');
    expect(await response.json()).toEqual(refusal(416));
  });

  test.each(['bytes=0-1,5-6', 'lines=1-2', 'bytes=5-2', 'bytes=', 'x'])('answers %s with the whole', async (range) => {
    const response = await fetch(url, { headers: { range } });
    expect(response.status).toBe(200);
    expect((await response.arrayBuffer()).byteLength).toBe(1000);
  });

  test('that is unknown is a 404', async () => {
    for (const token of ['x', 'a'.repeat(43), '..%2f..%2fetc%2fpasswd'])
      expect((await fetch(`${running.url}/files/${token}`)).status).toBe(404);
  });
});
