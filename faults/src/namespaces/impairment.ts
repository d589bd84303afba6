/** What happens to each datagram, each way: the probability of loss, and ms. Delays that differ by twice the jitter reorder. */
export const impairment = { loss: 0.3, delay: 200, jitter: 100 } as const;

/** The same for `tc qdisc add dev … root`. */
export const netem: readonly string[] = [
  'netem',
  'loss',
  `${impairment.loss * 100}%`,
  'delay',
  `${impairment.delay}ms`,
  `${impairment.jitter}ms`,
];
