import { describe, expect, it } from 'vitest';
import { openLog } from '../../src/cli/node/log.ts';
import { KedgeError } from '../../src/core/errors.ts';
import { parseNodeId, parseRegionName } from '../../src/core/ids.ts';

const node = { id: parseNodeId('iad-1'), region: parseRegionName('iad') };

function collect(format: 'json' | 'text', level: 'debug' | 'info' = 'info') {
  const lines: string[] = [];
  const log = openLog({ node, log: { level, format } }, { write: (line) => lines.push(line) });
  return { lines, logger: log.logger };
}

describe('openLog', () => {
  it('writes one JSON object per line with node, region and event', () => {
    const { lines, logger } = collect('json');
    logger.info({ event: 'node.ready', port: 7440 }, 'node ready');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'info',
      node: 'iad-1',
      region: 'iad',
      event: 'node.ready',
      port: 7440,
      message: 'node ready',
    });
  });

  it('leaves out what is below the level', () => {
    const { lines, logger } = collect('json');
    logger.debug({ event: 'node.ready' }, 'x');
    expect(lines).toEqual([]);
  });

  it('writes text for people on one line', () => {
    const { lines, logger } = collect('text');
    logger.child({ peer: 'fra-1' }).warn({ event: 'link.down', code: 'UNAVAILABLE' }, 'a\nb');
    expect(lines[0]).toMatch(/^\S+Z WARN {2}a b peer=fra-1 code=UNAVAILABLE\n$/);
  });

  it('writes code, message and detail of an error, and only the message of its causes', () => {
    const { lines, logger } = collect('json');
    const cause = Object.assign(new Error('disk says no'), { buffer: 'secret bytes' });
    const err = new KedgeError('STORE', 'cannot write', { cause, detail: { reason: 'full' } });
    logger.error({ event: 'store.failed', err }, 'store failed');
    expect(JSON.parse(lines[0] ?? '')).toHaveProperty('err', {
      name: 'KedgeError',
      code: 'STORE',
      message: 'cannot write',
      detail: { reason: 'full' },
      causes: ['Error: disk says no'],
    });
    expect(lines[0]).not.toContain('secret');
  });

  it('replaces fields whose name promises a secret', () => {
    const { lines, logger } = collect('json');
    logger.info({ event: 'node.ready', passphrase: 'hunter2', privateKey: 'abc' }, 'x');
    expect(lines[0]).not.toContain('hunter2');
    expect(lines[0]).not.toContain('abc');
    expect(lines[0]).toContain('[redacted]');
  });
});
