import { describe, expect, it } from 'vitest';
import { metricReference } from '../../src/http/reference.ts';

describe('metricReference', () => {
  it('is what docs/metrics.md says', async () => {
    await expect(metricReference()).toMatchFileSnapshot('../../docs/metrics.md');
  });
});
