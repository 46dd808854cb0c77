import { redirect } from '@remix-run/node';

/** The scheduler page is where an operator's day begins. */
export const loader = () => redirect('/data/scheduler');
