import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isAddressWithin,
  isDnsWithin,
  isUriWithin,
  parseAddressBlock,
  parseDnsSubtree,
  parseUriSubtree,
} from '../../../src/core/anchors/subtrees.ts';

function dns(name: string, limit: string): boolean | undefined {
  const subtree = parseDnsSubtree(limit);
  return subtree && isDnsWithin(name, subtree);
}

function uri(name: string, limit: string): boolean | undefined {
  const subtree = parseUriSubtree(limit);
  return subtree && isUriWithin(name, subtree);
}

function ip(address: string, limit: string): boolean | undefined {
  const block = parseAddressBlock(limit);
  const bytes = parseAddressBlock(address)?.address ?? new Uint8Array();
  return block && isAddressWithin(bytes, block);
}

describe('isDnsWithin', () => {
  it.each([
    ['example.org', 'example.org', true],
    ['a.b.example.org', 'example.org', true],
    ['EXAMPLE.Org', 'exAmple.org', true],
    ['example.org.', 'example.org', true],
    ['badexample.org', 'example.org', false],
    ['example.org.evil.com', 'example.org', false],
    ['org', 'example.org', false],
    ['', 'example.org', false],
    ['.example.org', 'example.org', false],
    ['a..example.org', 'example.org', false],
    ['example.org..', 'example.org', false],
    ['a b.example.org', 'example.org', false],
    ['evil.com\0.example.org', 'example.org', false],
    ['evil.com,DNS:example.org', 'example.org', false],
    ['bücher.example.org', 'example.org', false],
    ['xn--bcher-kva.example.org', 'example.org', true],
    [`${'a'.repeat(64)}.example.org`, 'example.org', false],
    [`${'a.'.repeat(121)}example.org`, 'example.org', true],
    [`${'a.'.repeat(120)}aa.example.org`, 'example.org', false],
  ])('says of %j within %j: %j', (name, limit, expected) => {
    expect(dns(name, limit)).toBe(expected);
  });

  it.each([
    ['*.example.org', 'example.org', true],
    ['*.a.example.org', 'example.org', true],
    ['f*o.example.org', 'example.org', true],
    ['*.example.org', 'a.example.org', false],
    ['*.org', 'example.org', false],
    ['*', 'example.org', false],
    ['*.', 'example.org', false],
    ['a.*.example.org', 'example.org', false],
    ['*.*.example.org', 'example.org', false],
    ['*example.org', 'example.org', false],
  ])('takes all that the pattern %j can stand for, within %j: %j', (name, limit, expected) => {
    expect(dns(name, limit)).toBe(expected);
  });

  it.each([
    ['a.example.org', true],
    ['example.org', false],
    ['*.example.org', true],
    ['*.a.example.org', true],
  ])('takes a limit with a leading dot for those below: %j is %j', (name, expected) => {
    expect(dns(name, '.example.org')).toBe(expected);
  });

  it('reads no limit that could mean everything or something else', () => {
    const odd = [
      '',
      '.',
      '..example.org',
      '*.example.org',
      'bücher.example',
      'a b',
      'example.org.',
    ];
    expect(odd.map(parseDnsSubtree)).toEqual(odd.map(() => undefined));
  });

  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
  const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));

  it('holds for a name and all below it, in any case', () => {
    fc.assert(
      fc.property(name, fc.array(label, { maxLength: 3 }), (base, below) => {
        const host = [...below, base].join('.');
        expect(dns(host, base)).toBe(true);
        expect(dns(host.toUpperCase(), base)).toBe(true);
        expect(dns(host, `.${base}`)).toBe(below.length > 0);
        expect(dns(`*.${host}`, base)).toBe(true);
      }),
    );
  });

  it('holds for nothing whose labels do not end with those of the limit', () => {
    fc.assert(
      fc.property(name, name, (host, base) => {
        const [labels, wanted] = [host.split('.'), base.split('.')];
        const isBelow = labels.slice(-wanted.length).join('.') === base;
        expect(dns(host, base)).toBe(isBelow);
        expect(dns(`x${base}`, base)).toBe(false);
      }),
    );
  });

  it('answers for anything, and admits nothing that is no name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        const isWithin = dns(`${text}.example.org`, 'example.org') ?? false;
        if (isWithin) expect(`${text}.`).toMatch(/^([a-z0-9_*-]{1,63}\.)+$/i);
      }),
    );
  });
});

describe('isUriWithin', () => {
  it.each([
    ['spiffe://prod.example.org/billing', 'prod.example.org', true],
    ['spiffe://PROD.example.org', 'prod.example.org', true],
    ['https://prod.example.org:8443/x?y#z', 'prod.example.org', true],
    ['spiffe://a.prod.example.org/billing', 'prod.example.org', false],
    ['spiffe://a.prod.example.org/billing', '.prod.example.org', true],
    ['spiffe://prod.example.org/billing', '.prod.example.org', false],
    ['spiffe://prod.example.org@evil.com/', 'prod.example.org', false],
    ['spiffe://evil.com/@prod.example.org', 'prod.example.org', false],
    ['spiffe://evil.com#prod.example.org', 'prod.example.org', false],
    ['spiffe://evil.com\\.prod.example.org/', '.prod.example.org', false],
    ['spiffe://prod.example.org%2eevil.com/', 'prod.example.org', false],
    ['spiffe:///billing', 'prod.example.org', false],
    ['urn:prod.example.org', 'prod.example.org', false],
    ['https://[::1]/', 'prod.example.org', false],
    ['prod.example.org', 'prod.example.org', false],
    [' spiffe://prod.example.org', 'prod.example.org', false],
    ['evil.com/spiffe://prod.example.org', 'prod.example.org', false],
    ['', 'prod.example.org', false],
  ])('says of %j within %j: %j', (name, limit, expected) => {
    expect(uri(name, limit)).toBe(expected);
  });

  it('reads no limit that is a URI', () => {
    expect(parseUriSubtree('spiffe://prod.example.org')).toBeUndefined();
    expect(parseUriSubtree('prod.example.org/billing')).toBeUndefined();
  });
});

describe('isAddressWithin', () => {
  it.each([
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.0.0.0', '10.0.0.0/8', false],
    ['10.0.0.129', '10.0.0.128/25', true],
    ['10.0.0.127', '10.0.0.128/25', false],
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.2', '10.0.0.1', false],
    ['192.0.2.1', '0.0.0.0/0', true],
    ['::1', '0.0.0.0/0', false],
    ['10.0.0.1', '::/0', false],
    ['::ffff:a00:1', '10.0.0.0/8', false],
    ['fd12::1', 'fd00::/8', true],
    ['fe80::1', 'FD00::/8', false],
    ['2001:db8::1', '2001:db8:0:0::/64', true],
    ['2001:db8:0:1::1', '2001:db8::/64', false],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::/64', true],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0', true],
  ])('says of %s within %s: %j', (address, limit, expected) => {
    expect(ip(address, limit)).toBe(expected);
  });

  it('takes an address without a prefix for a block of this one', () => {
    const blocks = ['10.0.0.1', '::1'].map(parseAddressBlock);
    expect(blocks.map((block) => block?.prefixBits)).toEqual([32, 128]);
  });

  it('reads no block that is written oddly', () => {
    const odd = [
      ...['', '10.0.0', '10.0.0.0.0', '010.0.0.0/8', '10.0.0.256', '10.0.0.1/8', '10.0.0.0/33'],
      ...['10.0.0.0/08', '10.0.0.0/', '10.0.0.0/8/8', '::1::', ':::', '1:2:3:4:5:6:7', '12345::'],
      ...['::/129', '::1/64', '1:2:3:4:5:6:7:8::', '::10.0.0.1', '10.0.0.0 /8', ':1'],
    ];
    expect(odd.filter((text) => parseAddressBlock(text) !== undefined)).toEqual([]);
  });

  it('agrees with arithmetic on whole addresses', () => {
    const address = fc.uint8Array({ minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(address, address, fc.integer({ min: 0, max: 32 }), (one, other, prefixBits) => {
        const number = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => sum * 256 + byte);
        const size = 2 ** (32 - prefixBits);
        const start = Math.floor(number(other) / size) * size;
        const base = [24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256);
        const block = parseAddressBlock(`${base.join('.')}/${prefixBits}`);
        const isInside = number(one) >= start && number(one) < start + size;
        expect(block && isAddressWithin(one, block)).toBe(isInside);
      }),
    );
  });
});
