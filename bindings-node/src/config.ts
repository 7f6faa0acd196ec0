/**
 * The way of the options of `init` to the core.
 *
 * Nothing is checked here: names, values, precedence over the environment and error messages are the core's, the same in
 * every language. An option that is undefined is left to the environment and the default.
 */

import type { Options } from './options';

/** Options as the addon takes them: name, value, name, value … */
export function pairs(options: Options): string[] {
  const flat: string[] = [];
  for (const [name, value] of Object.entries(options as Record<string, unknown>)) {
    if (value !== undefined) flat.push(name, text(value));
  }
  flat.push('binding', 'node');
  flat.push('runtimeName', 'nodejs', 'runtimeVersion', process.versions.node);
  flat.push('runtimeDescription', 'Node.js');
  return flat;
}

function text(value: unknown): string {
  if (Array.isArray(value)) return value.join(',') || 'none';
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, member]) => `${encodeURIComponent(key)}=${encodeURIComponent(String(member))}`)
    .join(',');
}
