/**
 * The context of an asynchronous call chain, on AsyncLocalStorage.
 *
 * `ActiveContext` is what polyspan makes current. Nearly all contexts differ from their parent in the span alone, so the
 * span has a field of its own and the other keys a map that is copied only when one of them changes: a context with
 * another span costs one small object, and holds on to no earlier span.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import { type Context, type ContextManager, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';

/** The API's key for the active span. `createContextKey` is `Symbol.for`, so this is the same in every copy of the API. */
export const SPAN_KEY = createContextKey('OpenTelemetry Context Key SPAN');
/** Set by `suppressTracing` of @opentelemetry/core. */
export const SUPPRESS_KEY = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** Read once: in the API's module it is behind a getter, which is a call at each use. */
const ROOT = ROOT_CONTEXT;

/** An immutable context: a span, other keys, and below them a context of another kind. */
export class ActiveContext implements Context {
  constructor(
    readonly span: unknown,
    /** Keys set since `base`; a key with the value undefined was deleted. */
    private readonly others: ReadonlyMap<symbol, unknown> | undefined,
    private readonly base: Context,
  ) {}

  /** `context` with another span. */
  static withSpan(context: Context, span: unknown): ActiveContext {
    return context instanceof ActiveContext
      ? new ActiveContext(span, context.others, context.base)
      : new ActiveContext(span, undefined, context);
  }

  getValue(key: symbol): unknown {
    if (key === SPAN_KEY) return this.span;
    const others = this.others;
    if (others?.has(key)) return others.get(key);
    return this.base.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    if (key === SPAN_KEY) return new ActiveContext(value, this.others, this.base);
    return new ActiveContext(this.span, new Map(this.others).set(key, value), this.base);
  }

  deleteValue(key: symbol): Context {
    return this.setValue(key, undefined);
  }

  /** True if tracing is surely not suppressed here: only other keys or another kind of context could say so. */
  get plain(): boolean {
    return this.others === undefined && this.base === ROOT;
  }
}

/** The listener methods of an emitter that take a listener, and those that take it away. */
const ADD = ['addListener', 'on', 'once', 'prependListener', 'prependOnceListener'] as const;
const REMOVE = ['removeListener', 'off'] as const;

type Listener = (...args: unknown[]) => void;
type Callable = (this: unknown, ...args: unknown[]) => unknown;

/** The context manager. */
export class PolyspanContextManager implements ContextManager {
  private readonly storage = new AsyncLocalStorage<Context>();
  /** Emitters that are bound already, with the wrapper of each of their listeners. */
  private readonly bound = new WeakMap<EventEmitter, WeakMap<Listener, Listener>>();

  active(): Context {
    return this.storage.getStore() ?? ROOT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    const call = thisArg === undefined || thisArg === null ? fn : fn.bind(thisArg);
    return this.storage.run(context, call as (...args: A) => ReturnType<F>, ...args);
  }

  /** Runs `fn(span)` in `context`: what `startActiveSpan` needs, without the detours of `with`. */
  run<R>(context: Context, fn: (span: never) => R, span: unknown): R {
    return this.storage.run(context, fn as (span: unknown) => R, span);
  }

  bind<T>(context: Context, target: T): T {
    if (typeof target === 'function') return this.bindFunction(context, target as unknown as Callable) as T;
    if (isEmitter(target)) this.bindEmitter(context, target);
    return target;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.storage.disable();
    return this;
  }

  private bindFunction(context: Context, fn: Callable): Callable {
    const manager = this;
    const bound = function (this: unknown, ...args: unknown[]): unknown {
      return manager.with(context, () => fn.apply(this, args));
    };
    // Some callers, Express among them, tell handlers apart by how many parameters they take.
    Object.defineProperty(bound, 'length', { value: fn.length, configurable: true });
    return bound;
  }

  /** From now on listeners that are added run in `context`; taking one away by its own identity keeps working. */
  private bindEmitter(context: Context, emitter: EventEmitter): void {
    if (this.bound.has(emitter)) return;
    const wrappers = new WeakMap<Listener, Listener>();
    this.bound.set(emitter, wrappers);
    const methods = emitter as unknown as Record<string, (event: string, listener: Listener) => unknown>;
    let inside = false;
    for (const name of ADD) {
      const original = methods[name];
      if (original === undefined) continue;
      methods[name] = (event, listener) => {
        // An emitter's `once` calls its own `on`: what is wrapped must not be wrapped again.
        if (inside || typeof listener !== 'function') return original.call(emitter, event, listener);
        let wrapper = wrappers.get(listener);
        if (wrapper === undefined) {
          wrapper = this.bindFunction(context, listener as Callable) as Listener;
          wrappers.set(listener, wrapper);
        }
        inside = true;
        try {
          return original.call(emitter, event, wrapper);
        } finally {
          inside = false;
        }
      };
    }
    for (const name of REMOVE) {
      const original = methods[name];
      if (original === undefined) continue;
      methods[name] = (event, listener) => original.call(emitter, event, wrappers.get(listener) ?? listener);
    }
  }
}

function isEmitter(target: unknown): target is EventEmitter {
  const emitter = target as Partial<EventEmitter> | null;
  return typeof emitter === 'object' && emitter !== null && typeof emitter.on === 'function';
}
