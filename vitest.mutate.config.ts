/**
 * The tests that a mutation run repeats for every mutant: those that rest on the mutated code alone
 * and take little time. Fixtures at the top of a test file run mutated code while it loads, so that
 * most mutants need all of them.
 *
 * @module
 */
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const suites = (process.env['KEDGE_MUTATE_SUITES'] ?? '').split(',');

const config: ViteUserConfig = defineConfig({
  test: {
    include: suites.map((suite) => (suite.endsWith('.ts') ? suite : `${suite}/**/*.test.ts`)),
    environment: 'node',
    testTimeout: 120_000,
  },
});

export default config;
