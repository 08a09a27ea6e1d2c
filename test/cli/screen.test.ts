import { describe, expect, it } from 'vitest';
import { screenOf } from '../../src/cli/terminal/screen.ts';
import { makeStyles } from '../../src/cli/terminal/styles.ts';

const { red } = makeStyles('ansi');

describe('screenOf', () => {
  it('writes over what was there, line by line, and erases the rest', () => {
    expect(screenOf('a\nb', {})).toBe('\u001b[Ha\u001b[K\nb\u001b[K\n\u001b[J');
  });

  it('cuts lines that would wrap, without counting styles, and ends their style', () => {
    const screen = screenOf(`${red('abcdef')}\nabcd`, { columns: 4 });
    expect(screen).toBe('\u001b[H\u001b[31mabc\u001b[0m…\u001b[K\nabcd\u001b[K\n\u001b[J');
  });

  it('cuts a view that would scroll, and says how much is missing', () => {
    const screen = screenOf('1\n2\n3\n4\n5\n6', { rows: 5 });
    expect(screen).toContain('3\u001b[K\n… 3 more lines');
    expect(screen.split('\n')).toHaveLength(5);
  });

  it('shows all of a view that fits', () => {
    expect(screenOf('1\n2\n3', { rows: 4, columns: 1 })).not.toContain('…');
  });
});
