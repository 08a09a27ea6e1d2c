import { describe, expect, it } from 'vitest';
import {
  bytesField,
  filler,
  grpcCall,
  grpcData,
  mark,
  redisCommand,
} from '../../../bench/swarm/requests.ts';

describe('grpcCall', () => {
  it('is a preface and whole frames: settings, window, headers, the message', () => {
    const bytes = grpcCall('/a.B/C', Buffer.from('hello'));
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
    expect(bytes.toString('latin1', 0, preface.length)).toBe(preface);
    const types: number[] = [];
    let at = preface.length;
    while (at < bytes.length) {
      types.push(bytes[at + 3] ?? -1);
      at += 9 + bytes.readUIntBE(at, 3);
    }
    expect(at).toBe(bytes.length);
    expect(types).toEqual([4, 8, 1, 0]);
    expect(bytes.subarray(-10)).toEqual(Buffer.from('\0\0\0\0\x05hello', 'latin1'));
  });

  it('refuses a path that does not fit its headers', () => {
    expect(() => grpcCall(`/${'a'.repeat(200)}`, Buffer.alloc(0))).toThrow('too long');
  });
});

describe('grpcData', () => {
  it('is one frame on stream 1 that does not end it', () => {
    const frame = grpcData(Buffer.from('hi'));
    expect(frame.readUIntBE(0, 3)).toBe(frame.length - 9);
    expect([...frame.subarray(3, 9)]).toEqual([0, 0, 0, 0, 0, 1]);
  });
});

describe('bytesField', () => {
  it('writes number, length and bytes', () => {
    expect([...bytesField(2, 'ab')]).toEqual([0x12, 2, 97, 98]);
  });

  it('writes a length of more than 127 in two bytes', () => {
    expect([...bytesField(1, Buffer.alloc(300)).subarray(0, 3)]).toEqual([0x0a, 0xac, 0x02]);
  });
});

describe('redisCommand', () => {
  it('is an array of bulk strings', () => {
    expect(redisCommand('SUBSCRIBE', 'bench').toString()).toBe(
      '*2\r\n$9\r\nSUBSCRIBE\r\n$5\r\nbench\r\n',
    );
  });
});

describe('filler', () => {
  it('has the wanted size and ends with the mark of its round', () => {
    const bytes = filler(12, 100);
    expect(bytes).toHaveLength(100);
    expect(bytes.toString()).toMatch(/x~00000012$/);
    expect(mark(12)).toBe('~00000012');
  });
});
