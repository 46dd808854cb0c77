import type { MetaFunction } from '@remix-run/node';
import { Link } from '@remix-run/react';
import { Door } from './door.tsx';

export const meta: MetaFunction = () => [{ title: 'Forgot password · Mainspring' }];

/** The same for everybody: it asks for no e-mail, so it cannot tell who has an account. */
export default function Forgot() {
  return (
    <Door title="Forgot your password?">
      <p>
        Ask an admin of your tenant: on your page below Settings, People they can make a link by which you choose a new
        password. It works once, for a day.
      </p>
      <p className="text-muted">
        If you belong to several tenants, or are an admin yourself and nobody else can help, the operator of this
        installation makes the link.
      </p>
      <Link to="/login" className="font-medium underline">
        Back to sign-in
      </Link>
    </Door>
  );
}
