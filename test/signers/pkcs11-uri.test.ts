import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../src/core/bytes.ts';
import { KedgeError } from '../../src/core/errors.ts';
import { parsePkcs11Uri } from '../../src/signers/pkcs11-uri.ts';
import { containing } from '../support/messages.ts';

describe('parsePkcs11Uri', () => {
  it('reads every attribute that it knows, percent-encoded or not', () => {
    const uri =
      'pkcs11:token=The%20token;serial=0a1b;manufacturer=Example;model=v1;slot-id=7;' +
      'object=%E9%8D%B5;id=%00%ffA;type=private?module-path=/usr/lib/m.so&pin-source=file:/run/pin';
    expect(parsePkcs11Uri(uri)).toEqual({
      modulePath: '/usr/lib/m.so',
      token: {
        label: 'The token',
        serial: '0a1b',
        manufacturer: 'Example',
        model: 'v1',
        slotId: 7,
      },
      key: { id: Uint8Array.of(0, 255, 65), label: '鍵' },
      pinFile: '/run/pin',
    });
  });

  it.each(['file:/run/pin', 'file:///run/pin', '/run/pin'])('reads pin-source=%s', (source) => {
    expect(parsePkcs11Uri(`pkcs11:object=a?pin-source=${source}`).pinFile).toBe('/run/pin');
  });

  it('keeps what is reserved elsewhere', () => {
    expect(parsePkcs11Uri('pkcs11:object=a=b:c,d@e').key.label).toBe('a=b:c,d@e');
  });

  it.each([
    ['names no key', 'pkcs11:token=kedge', 'does not say which key'],
    ['holds a PIN', 'pkcs11:object=a?pin-value=1234', 'can be read by others'],
    ['runs a command for the PIN', 'pkcs11:object=a?pin-source=|cat%20pin', 'absolute path'],
    ['has an unknown attribute', 'pkcs11:object=a;colour=red', 'unknown attribute "colour"'],
    ['has an unknown option', 'pkcs11:object=a?module-name=m', 'unknown attribute "module-name"'],
    ['says a thing twice', 'pkcs11:object=a;object=b', 'object is there twice'],
    ['leaves a value out', 'pkcs11:object=', 'object has no value'],
    ['has no attribute between two signs', 'pkcs11:object=a;;id=%01', 'unknown attribute ""'],
    ['has half an escape', 'pkcs11:object=%4', 'not followed by two hexadecimal digits'],
    ['has text that is not UTF-8', 'pkcs11:object=%ff', 'not UTF-8'],
    ['asks for a certificate', 'pkcs11:object=a;type=cert', 'is no key that signs'],
    ['has a module beside it', 'pkcs11:object=a?module-path=m.so', 'must be absolute'],
    ['has a slot that is no number', 'pkcs11:object=a;slot-id=x', 'must be a number'],
    ['has two question marks', 'pkcs11:object=a?module-path=/m?x', 'two question marks'],
    ['is long', `pkcs11:object=${'a'.repeat(3000)}`, 'more than 2048'],
  ])('refuses one that %s', (_what, uri, message) => {
    const expected = { code: 'CONFIG', message: containing(message) };
    expect(() => parsePkcs11Uri(uri)).toThrow(expect.objectContaining(expected));
  });

  it('never shows the PIN that it refuses', () => {
    expect(() => parsePkcs11Uri('pkcs11:object=a?pin-value=918273')).toThrow(
      expect.not.objectContaining({ message: containing('918273') }),
    );
  });

  it('gives back any label and id', () => {
    const escaped = (bytes: Uint8Array): string =>
      [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' }),
        fc.uint8Array({ minLength: 1, maxLength: 60 }),
        (label, id) => {
          const uri = `pkcs11:object=${escaped(encodeUtf8(label))};id=${escaped(id)}`;
          expect(parsePkcs11Uri(uri).key).toEqual({ label, id });
        },
      ),
      { numRuns: 50 },
    );
  });

  it('gives a typed answer for any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), (text) => {
        try {
          parsePkcs11Uri(`pkcs11:${text}`);
        } catch (thrown) {
          expect(KedgeError.from(thrown).code).toBe('CONFIG');
        }
      }),
    );
  });
});
