-- News of money can arrive while its run is about to end, and then nobody reads it. So what is decided about
-- money is decided by rows, under the order's lock: the run says that it listens no more, the courier says
-- that the shopper has paid, and whoever comes second sees what the first one wrote.
set local role cartflux_owner;

alter table shop.payment
    add column reported_paid_at timestamptz,
    add column unattended_since timestamptz;
comment on column shop.payment.reported_paid_at is
    'The vendor''s time of a success that it told us of. No capture yet: the payment itself is read first.';
comment on column shop.payment.unattended_since is
    'Since when no run waits for this payment. Money that comes afterwards needs a person.';

reset role;
