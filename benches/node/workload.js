'use strict';
// The workload `pair`, the same for every competitor: a parent and a child, both active, five attributes set one by one and
// one event each.

const ROUTES = Array.from({ length: 64 }, (_, i) => `/users/${i}/orders`);

function fill(span, i) {
  span.setAttribute('http.method', 'GET');
  span.setAttribute('http.route', ROUTES[i & 63]);
  span.setAttribute('http.status_code', 200);
  span.setAttribute('request.size', i);
  span.setAttribute('cache.hit', true);
  span.addEvent('checkpoint');
}

exports.pairs = function pairs(tracer, count) {
  for (let i = 0; i < count; i++) {
    tracer.startActiveSpan('parent-operation', (parent) => {
      fill(parent, i);
      tracer.startActiveSpan('child-operation', (child) => {
        fill(child, i);
        child.end();
      });
      parent.end();
    });
  }
};
