/*
 * One line of JSON at the end, for the demo's checks: what became of this process's spans, under which policy, and
 * whether the binding's own library was mapped. On standard error, because a receipt goes to standard output.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdint.h>

void print_report(uint64_t provider);

#endif
