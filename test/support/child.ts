/**
 * Runs a TypeScript file of the tests in a process of its own, so that it can be killed or limited.
 *
 * The file and what it imports are transpiled once into a folder of their own inside the project,
 * where packages resolve. It uses no build, so it always runs the code as it is now.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const PROJECT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A transpiled program; removing it is up to the caller. */
export interface ChildProgram {
  run(args: readonly string[], options?: SpawnOptions): ChildProcess;
  remove(): void;
}

/** How a process ended, with what it wrote. */
export interface ChildResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Transpiles `entry` (a `file:` URL) and everything that it imports from the project. */
export function childProgram(entry: URL): ChildProgram {
  mkdirSync(join(PROJECT, 'tmp'), { recursive: true });
  const folder = mkdtempSync(join(PROJECT, 'tmp', 'child-'));
  const done = new Set<string>();
  const open = [fileURLToPath(entry)];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (done.has(path) || !existsSync(path)) continue;
    done.add(path);
    const source = readFileSync(path, 'utf8');
    const target = outputOf(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, transpile(source));
    for (const { fileName } of ts.preProcessFile(source).importedFiles) {
      if (fileName.startsWith('.')) open.push(join(dirname(path), fileName));
    }
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}\n');
  const main = outputOf(folder, fileURLToPath(entry));
  return {
    run: (args, options = {}) => spawn(process.execPath, [main, ...args], options),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Waits for the end of a process whose output is piped. */
export function childResult(child: ChildProcess): Promise<ChildResult> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr });
    });
  });
}

function outputOf(folder: string, path: string): string {
  return join(folder, relative(PROJECT, path)).replace(/\.ts$/, '.js');
}

function transpile(source: string): string {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    },
  });
  return outputText;
}
