import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findFreePorts } from '../../src/testing/ports.ts';
import { runProcess, startProcess } from '../../src/testing/processes.ts';
import { createTempDir } from '../../src/testing/temp-dir.ts';

const ECHO = `
  console.log('ready');
  console.error('on stderr');
  process.stdin.on('data', (data) => console.log('got ' + String(data).trim()));
  process.on('SIGTERM', () => { console.log('bye'); process.exit(3); });
`;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('startProcess', () => {
  it('gives the lines that a process writes and what it answers', async () => {
    await using echo = await startProcess({ argv: ['-e', ECHO] });
    await echo.waitForLine('ready');
    await echo.waitForLine(/^on stderr$/);
    echo.writeLine('hello');
    expect(await echo.waitForLine(/^got/)).toBe('got hello');
    expect(await echo.stop()).toEqual({ code: 3, signal: undefined });
    expect(echo.stdout).toEqual(['ready', 'got hello', 'bye']);
  });

  it('kills the process when it is disposed', async () => {
    let pid: number;
    {
      await using echo = await startProcess({ argv: ['-e', ECHO] });
      await echo.waitForLine('ready');
      pid = echo.pid;
      expect(isAlive(pid)).toBe(true);
    }
    expect(isAlive(pid)).toBe(false);
  });

  it('shows what the process wrote when a line does not come', async () => {
    await using echo = await startProcess({ argv: ['-e', ECHO], name: 'echo' });
    await echo.waitForLine('ready');
    await expect(echo.waitForLine('never', { timeoutMs: 50 })).rejects.toThrow(
      /echo did not write never in 50 ms[^]*ready/,
    );
  });

  it('says so when the process ends first', async () => {
    await using echo = await startProcess({ argv: ['-e', 'process.exit(7)'], name: 'echo' });
    await expect(echo.waitForLine('never')).rejects.toThrow('ended before it wrote never (exit 7)');
  });
});

describe('runProcess', () => {
  it('gives output and exit code', async () => {
    const result = await runProcess({
      argv: ['-e', 'process.stdin.pipe(process.stdout); process.exitCode = 2'],
      input: 'hello',
    });
    expect(result).toMatchObject({ code: 2, stdout: 'hello', stderr: '' });
  });

  it('ends a process that takes too long', async () => {
    const result = await runProcess({ argv: ['-e', 'setInterval(() => 0, 1000)'], timeoutMs: 100 });
    expect(result.signal).toBe('SIGKILL');
  });
});

describe('createTempDir', () => {
  it('makes a folder and removes it with its content', async () => {
    let file: string;
    {
      await using dir = await createTempDir();
      file = await dir.write('a.txt', 'text');
      expect(existsSync(file)).toBe(true);
    }
    expect(existsSync(file)).toBe(false);
  });
});

describe('findFreePorts', () => {
  it('finds different ports', async () => {
    const ports = await findFreePorts(20);
    expect(new Set(ports).size).toBe(20);
  });
});
