import { expect, it } from 'vitest';
import { KedgeError } from '../../src/core/errors.ts';

it('keeps its message where a status is written as JSON', () => {
  const error = new KedgeError('UNAVAILABLE', 'no node answers', { detail: { hint: 'look' } });
  expect(JSON.parse(JSON.stringify({ lastError: error }))).toEqual({
    lastError: {
      name: 'KedgeError',
      code: 'UNAVAILABLE',
      message: 'no node answers',
      detail: { hint: 'look' },
    },
  });
});
