/**
 * h2spec, which says what is against RFC 7540 and RFC 7541 in a server: all of it, strictly.
 */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { runProcess } from '../../src/testing/processes.ts';
import { createTempDir } from '../../src/testing/temp-dir.ts';
import { echoServer } from './echo-server.ts';
import { H2SPEC, whyNot } from './programs.ts';

const why = whyNot(H2SPEC);
const TESTS_MIN = 140;

/** The cases of a report in JUnit's XML: section, what was done, and whether it passed. */
function casesIn(report: string): readonly { readonly name: string; readonly passed: boolean }[] {
  return [...report.matchAll(/<testcase package="([^"]*)" classname="([^"]*)"[^>]*?(\/>|>)/g)].map(
    ([, section = '', what = '', end], index, all) => {
      const from = all[index]?.index ?? 0;
      const inside = report.slice(from, all[index + 1]?.index ?? report.length);
      return {
        name: `${section}: ${what}`,
        passed: end === '/>' || !/<(failure|error)/.test(inside),
      };
    },
  );
}

describe('the server side of HTTP/2', () => {
  it.skipIf(why !== undefined)(
    `passes h2spec${why === undefined ? '' : `: ${why}`}`,
    {
      timeout: 600_000,
    },
    async () => {
      await using dir = await createTempDir('kedge-h2spec-');
      await using server = await echoServer();
      const file = dir.join('report.xml');
      const { program, argv, name } = H2SPEC;
      const all = [...argv, '--addr', server.address, '--report', file];
      const { stdout, stderr } = await runProcess({ program, argv: all, name, timeoutMs: 600_000 });
      const cases = casesIn(await readFile(file, 'utf8'));
      expect(cases.length, stderr).toBeGreaterThanOrEqual(TESTS_MIN);
      const failed = cases.filter(({ passed }) => !passed).map((each) => each.name);
      expect(failed, stdout).toEqual([]);
    },
  );
});
