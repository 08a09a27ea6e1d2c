/**
 * Whether one name lies within the part of the names of its form that a constraint gives.
 *
 * Constraints inside certificates are read otherwise than those of anchors (`core/anchors`): here
 * by what OpenSSL makes of the bytes that are there, as it is OpenSSL that programs ask.
 * Source: RFC 5280 section 4.2.1.10.
 *
 * @module
 */
import type { DirectoryName } from '../core/anchors/directory-name.ts';
import type { GeneralName } from './general-names.ts';

/** Both are of one form; undefined: they cannot be compared. */
export function isWithin(name: GeneralName, base: GeneralName): boolean | undefined {
  switch (name.kind) {
    case 'directory':
      return base.kind === 'directory' ? isDirectoryWithin(name.name, base.name) : undefined;
    case 'dns':
      return base.kind === 'dns' ? isDnsWithin(name.text, base.text) : undefined;
    case 'email':
      return base.kind === 'email' ? isEmailWithin(name.text, base.text) : undefined;
    case 'uri':
      return base.kind === 'uri' ? isUriWithin(name.text, base.text) : undefined;
    case 'ip':
      return base.kind === 'ip' ? isAddressWithin(name.bytes, base.bytes) : undefined;
    case 'other':
      return undefined;
  }
}

/** A name lies below those that it begins with. */
function isDirectoryWithin(name: DirectoryName, base: DirectoryName): boolean {
  return base.every((part, index) => part === name[index]);
}

/** `example.org`: it and all below; `.example.org`: what ends with it; nothing: everything. */
function isDnsWithin(name: string, base: string): boolean {
  const [text, end] = [fold(name), fold(base)];
  if (end === '' || text === end) return true;
  return text.endsWith(end.startsWith('.') ? end : `.${end}`);
}

/** `ana@example.org`: this one; `example.org`: all of this host; `.example.org`: of all below. */
function isEmailWithin(name: string, base: string): boolean | undefined {
  const at = name.lastIndexOf('@');
  if (at < 0) return undefined;
  const baseAt = base.lastIndexOf('@');
  if (baseAt < 0 && base.startsWith('.')) return endsBelow(fold(name), fold(base));
  const [local, baseLocal] = [name.slice(0, at), base.slice(0, Math.max(baseAt, 0))];
  if (baseLocal !== '') {
    if (local.length !== baseLocal.length) return false;
    if (local.includes('\0') || baseLocal.includes('\0')) return undefined;
    if (local !== baseLocal) return false;
  }
  return fold(name.slice(at + 1)) === fold(base.slice(baseAt + 1));
}

/** `example.org`: this host; `.example.org`: all hosts below. */
function isUriWithin(name: string, base: string): boolean | undefined {
  const colon = name.indexOf(':');
  if (colon < 0 || !name.startsWith('://', colon)) return undefined;
  const rest = name.slice(colon + 3);
  const [port, slash] = [rest.indexOf(':'), rest.indexOf('/')];
  const end = port >= 0 ? port : slash;
  const host = fold(end >= 0 ? rest.slice(0, end) : rest);
  if (host === '') return undefined;
  return base.startsWith('.') ? endsBelow(host, fold(base)) : host === fold(base);
}

/** An address and a mask, 8 or 32 bytes. */
function isAddressWithin(ip: Uint8Array, base: Uint8Array): boolean | undefined {
  if (ip.length !== 4 && ip.length !== 16) return undefined;
  if (base.length !== 8 && base.length !== 32) return undefined;
  if (base.length !== 2 * ip.length) return false;
  return ip.every((byte, index) => {
    const mask = base[ip.length + index] ?? 0;
    return (byte & mask) === ((base[index] ?? 0) & mask);
  });
}

function endsBelow(text: string, end: string): boolean {
  return text.length > end.length && text.endsWith(end);
}

/** ASCII letters alone. */
function fold(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
