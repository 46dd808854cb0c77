// The topic of an event, from the template OUTBOX_TOPIC.
import type { OutboxEvent } from '../publisher.ts';

/** What Kafka allows as a name. */
const LEGAL = /^[a-zA-Z0-9._-]{1,249}$/;

/** `{type}` and `{tenant}` (its id) stand for the event's. */
export function topicOf(template: string, event: Pick<OutboxEvent, 'type' | 'tenantId'>): string {
  return template.replaceAll('{type}', event.type).replaceAll('{tenant}', event.tenantId);
}

/** Why a topic cannot have this name; null when it can. */
export function whyBadTopic(topic: string): string | null {
  if (LEGAL.test(topic) && topic !== '.' && topic !== '..') return null;
  return `"${topic.slice(0, 260)}" cannot be the name of a Kafka topic: 1 to 249 letters, digits, dots, hyphens and underscores`;
}

/** Topics of a claim's events, each made and looked at once for all that share a type and a tenant one after the other. */
export function topicsOf(
  template: string,
): (event: Pick<OutboxEvent, 'type' | 'tenantId'>) => { topic: string; bad: string | null } {
  let last: { type: string; tenantId: string; topic: string; bad: string | null } | null = null;
  return ({ type, tenantId }) => {
    if (last && last.type === type && last.tenantId === tenantId) return last;
    const topic = topicOf(template, { type, tenantId });
    last = { type, tenantId, topic, bad: whyBadTopic(topic) };
    return last;
  };
}
