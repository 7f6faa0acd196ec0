/**
 * The `tracestate` of a span context: the list as the core accepted it, and the API's way to read and change it.
 *
 * What a well-formed list is, and how long, the core alone decides: a change that it refuses leaves the list as it was.
 */
import type { TraceState as ApiTraceState } from '@opentelemetry/api';
import { state } from './runtime';

export class TraceState implements ApiTraceState {
  constructor(private readonly list: string) {}

  get(key: string): string | undefined {
    for (const member of this.members()) {
      if (member.startsWith(key) && member[key.length] === '=') return member.slice(key.length + 1);
    }
    return undefined;
  }

  /** The member comes first: it is the one that was just written. */
  set(key: string, value: string): TraceState {
    return this.accept([`${key}=${value}`, ...this.without(key)]);
  }

  unset(key: string): TraceState {
    const rest = this.without(key);
    return rest.length === 0 ? new TraceState('') : this.accept(rest);
  }

  serialize(): string {
    return this.list;
  }

  private members(): string[] {
    return this.list === '' ? [] : this.list.split(',');
  }

  private without(key: string): string[] {
    return this.members().filter((member) => !member.startsWith(`${key}=`));
  }

  private accept(members: string[]): TraceState {
    const accepted = state.runtime?.native.parseTraceState(members.join(','));
    return accepted ? new TraceState(accepted) : this;
  }
}
