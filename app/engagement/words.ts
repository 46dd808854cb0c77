/** One decimal, cut and not rounded: 69.99 is not yet hot, and would be shown as 70.0 in the band below. */
export const cut = (points: number): string => (Math.floor(points * 10) / 10).toFixed(1);
