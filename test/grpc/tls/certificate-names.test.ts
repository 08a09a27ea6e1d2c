import { describe, expect, it } from 'vitest';
import { KedgeError } from '../../../src/core/errors.ts';
import { ALT_NAMES_MAX_CHARS } from '../../../src/grpc/tls/alt-names-bound.ts';
import { parseAltNames } from '../../../src/grpc/tls/certificate-names.ts';

describe('parseAltNames', () => {
  it('reads URIs and DNS names among others', () => {
    const text = 'DNS:localhost, URI:spiffe://a/b, IP Address:127.0.0.1, DNS:b.example';
    expect(parseAltNames(text)).toEqual({
      uris: ['spiffe://a/b'],
      dnsNames: ['localhost', 'b.example'],
    });
  });

  it('takes a quoted name as one name (CVE-2021-44532)', () => {
    const text = 'DNS:"evil.example, URI:spiffe://prod/admin", URI:spiffe://a/b';
    expect(parseAltNames(text)).toEqual({
      uris: ['spiffe://a/b'],
      dnsNames: ['evil.example, URI:spiffe://prod/admin'],
    });
  });

  it('gives nothing for a certificate without names', () => {
    expect(parseAltNames(undefined)).toEqual({ uris: [], dnsNames: [] });
    expect(parseAltNames('')).toEqual({ uris: [], dnsNames: [] });
  });

  it('reads a text as long as one may be', () => {
    const name = 'a'.repeat(ALT_NAMES_MAX_CHARS - 'DNS:'.length);
    expect(parseAltNames(`DNS:${name}`).dnsNames).toEqual([name]);
  });

  it('takes names of other kinds for nobody, however their kind is called', () => {
    const text = 'XURI:spiffe://a/b, URI2:spiffe://a/b, othername:<unsupported>, email:a@b';
    expect(parseAltNames(text)).toEqual({ uris: [], dnsNames: [] });
  });

  it('reads what a quoted name stands for', () => {
    const text = 'URI:"spiffe://a/\\"b\\u002c", DNS:"\\\\"';
    expect(parseAltNames(text)).toEqual({ uris: ['spiffe://a/"b,'], dnsNames: ['\\'] });
  });

  it.each([
    'DNS',
    'DNS:a,URI:b',
    'DNS:"a',
    'DNS:"a"x, URI:b',
    'DNS:a" , URI:b',
    ', DNS:a',
    'DNS:"\\q"',
    'DNS:a, ,URI:b',
    ':a',
    '1DNS:a',
    'DNS:a\\',
    'xDNS:a"URI:b"',
    'DNS:a, URI',
    `DNS:${'a'.repeat(ALT_NAMES_MAX_CHARS - 3)}`,
  ])('refuses what Node does not write: %.40s', (text) => {
    expect(() => parseAltNames(text)).toThrow(KedgeError);
  });
});
