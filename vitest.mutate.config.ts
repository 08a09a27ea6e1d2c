/**
 * The tests that a mutation run of the core repeats for every mutant: those of the pure core only,
 * because they take milliseconds and the guards that matter are there.
 *
 * @module
 */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/core/**/*.test.ts', 'test/conformance/**/*.core.test.ts'],
    environment: 'node',
    testTimeout: 20_000,
  },
});
