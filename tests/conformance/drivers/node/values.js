// The vectors' typed values as JavaScript has them.
'use strict';
const DOUBLES = { nan: Number.NaN, inf: Number.POSITIVE_INFINITY, '-inf': Number.NEGATIVE_INFINITY };

const time = (step) => [Math.floor(step.at / 1e6), (step.at % 1e6) * 1000];
const text = (given) => (typeof given === 'object' ? String.fromCharCode(...given.utf16) : given);

// Without a prototype: a key may be called __proto__.
function members(pairs) {
  const object = Object.create(null);
  for (const [key, member] of pairs ?? []) object[text(key)] = value(member);
  return object;
}

function value(given) {
  if ('deep' in given) {
    let wrapped = value(given.in);
    for (let depth = 0; depth < given.deep; depth++) wrapped = [wrapped];
    return wrapped;
  }
  const [kind, content] = Object.entries(given)[0];
  switch (kind) {
    case 'int':
      return Number.isSafeInteger(Number(content)) ? Number(content) : BigInt(content);
    case 'double':
      return DOUBLES[content] ?? Number(content);
    case 'bytes':
      return new Uint8Array(Buffer.from(content, 'base64'));
    case 'array':
      return content.map(value);
    case 'map':
      return members(content);
    case 'empty':
      return null;
    case 'utf16':
      return text(given);
    default:
      return content;
  }
}

module.exports = { members, text, time, value };
