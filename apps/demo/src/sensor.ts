import type { Thermometer } from './objects/temperature.js';

/** Measures a temperature that wanders around 21 °C every `period` milliseconds, until the returned function is called. */
export function simulateSensor(thermometer: Thermometer, period: number): () => void {
  let celsius = 21;
  const timer = setInterval(() => {
    celsius += (21 - celsius) * 0.1 + (Math.random() - 0.5);
    thermometer.measure(Math.round(celsius * 100) / 100);
  }, period);
  return () => clearInterval(timer);
}
