/**
 * Programs of other makers that the suites here run. `npm run interop` builds them; without it the
 * suites are skipped and say so, because building takes minutes and four toolchains.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const BUILT = fileURLToPath(new URL('../../tmp/interop/', import.meta.url));
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A program and how it is started; `needs` is the file that building it makes. */
export interface Program {
  readonly name: string;
  readonly program: string;
  readonly argv: readonly string[];
  readonly needs: string;
}

const GO = `${BUILT}peer-go`;
const PYTHON = `${BUILT}python/bin/python`;
const JAVA = `${BUILT}java`;

export const H2SPEC: Program = { name: 'h2spec', program: GO, argv: ['h2spec'], needs: GO };
/** Clients of gRPC; all of them take the same lines. */
export const CLIENTS: readonly Program[] = [
  { name: 'grpc-go', program: GO, argv: ['client'], needs: GO },
  { name: 'grpcio', program: PYTHON, argv: [here('python/client.py')], needs: PYTHON },
  {
    name: 'grpc-java',
    program: 'java',
    argv: ['-cp', `${JAVA}/classes:${JAVA}/dependency/*`, 'Client'],
    needs: `${JAVA}/classes/Client.class`,
  },
];

/** Why a program is not run; absent when it is. */
export function whyNot({ name, needs }: Program): string | undefined {
  if (process.env['KEDGE_INTEROP'] !== '1') return 'run by `npm run interop` alone';
  return existsSync(needs) ? undefined : `${name} was not built`;
}
