import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { WAVES } from '../../src/rehearsal/runbooks/bad-publish.ts';
import { runProcess } from '../../src/testing/processes.ts';
import { kedge } from '../cli/support.ts';
import { WAVES as BOOK_WAVES } from '../handbook/support/book.ts';

const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

describe('kedge rehearse', () => {
  it('refuses a runbook that it does not know', async () => {
    const { code, stderr } = await kedge(['rehearse', 'panic']);
    expect(code).toBe(2);
    expect(stderr).toContain('there are: planned-rotation, emergency-distrust, bad-publish');
  });

  // `npm test` builds first; without a build there is nothing to run.
  it.skipIf(!existsSync(main))(
    'revokes a CA in a cluster of its own, and reports',
    async () => {
      const argv = [main, 'rehearse', 'emergency-distrust', '--output', 'json'];
      const { code, stdout, stderr } = await runProcess({ argv });
      expect([code, stderr]).toEqual([0, '']);
      const report: unknown = JSON.parse(stdout);
      expect(report).toMatchObject({
        runbook: 'emergency-distrust',
        handshakes: { failed: 0, failures: [] },
      });
      expect(report).toHaveProperty('steps.3.name', 'revoke, until its leaves are refused');
    },
    120_000,
  );

  it('rehearses the bad publish with the waves of the handbook', () => {
    expect(WAVES).toBe(BOOK_WAVES);
  });
});
