/**
 * One line of JSON at the end, for the demo's checks: what became of this process's spans, under which policy, and
 * whether the binding's own library was mapped.
 */
const { readFileSync } = require('node:fs');
const polyspan = require('polyspan');

/** Prints the line when the process exits, after polyspan has sent what it had. */
exports.reportAtExit = () => {
  process.on('exit', () => {
    const report = {
      service: process.env.OTEL_SERVICE_NAME,
      binding: 'node',
      library: mapped('polyspan.node'),
      stats: polyspan.stats(),
      describe: polyspan.describe(),
    };
    console.log(JSON.stringify(report));
  });
};

/** The path of a mapped file by its name. */
function mapped(name) {
  const paths = readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .map((line) => line.slice(line.indexOf('/')));
  return paths.find((path) => path.endsWith(`/${name}`)) ?? null;
}
