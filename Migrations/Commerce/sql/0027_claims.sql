-- Something is wrong with what was sold: it is damaged, it is something else, it never came. The merchant
-- owes the shopper a remedy whatever the supplier says; what the supplier gives back for it comes later, or
-- never. Both sides of one claim are one row, and the units that it is about hold still meanwhile.
set local role cartflux_owner;

create table shop.order_claim (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    order_id uuid not null,
    line_id uuid not null,
    supplier_order_id uuid not null,
    problem text not null constraint order_claim_problem
        check (problem in ('damaged', 'wrong', 'missing', 'returned')),
    wish text not null constraint order_claim_wish check (wish in ('refund', 'replacement')),
    description text not null constraint order_claim_description check (length(description) <= 2000),
    locale text not null constraint order_claim_locale check (locale in ('ro', 'en', 'de', 'es')),
    reported_by text not null constraint order_claim_reported_by
        check (length(reported_by) between 1 and 100),
    reported_at timestamptz not null,
    run_id uuid,
    remedy text constraint order_claim_remedy check (remedy in ('refund', 'replacement', 'refused')),
    remedy_reason text not null default ''
        constraint order_claim_remedy_reason check (length(remedy_reason) <= 500),
    decided_by text constraint order_claim_decided_by check (length(decided_by) between 1 and 100),
    decided_at timestamptz,
    sent_by text constraint order_claim_sent_by check (sent_by in ('merchant', 'supplier')),
    tracking text constraint order_claim_tracking check (length(tracking) between 1 and 100),
    sent_at timestamptz,
    answer text constraint order_claim_answer check (answer in ('credited', 'replaced', 'refused', 'borne')),
    answer_note text not null default ''
        constraint order_claim_answer_note check (length(answer_note) <= 500),
    answered_by text constraint order_claim_answered_by check (length(answered_by) between 1 and 400),
    answered_at timestamptz,
    credit_currency text,
    credit_minor bigint constraint order_claim_credit check (credit_minor > 0),
    refund_id uuid,
    credit_settled_at timestamptz,
    settlement text constraint order_claim_settlement
        check (settlement in ('refunded', 'replaced', 'refused', 'paid_by_bank')),
    settled_at timestamptz,
    ending text constraint order_claim_ending check (ending in (
        'refused', 'credited', 'borne', 'replaced', 'supplier_refused', 'unanswered')),
    closed_at timestamptz,
    primary key (tenant_id, id),
    constraint order_claim_order foreign key (tenant_id, order_id) references shop.orders (tenant_id, id),
    constraint order_claim_line foreign key (tenant_id, line_id) references shop.order_line (tenant_id, id),
    constraint order_claim_supplier_order foreign key (tenant_id, supplier_order_id)
        references shop.supplier_order (tenant_id, id),
    constraint order_claim_refund foreign key (tenant_id, refund_id) references shop.refund (tenant_id, id),
    constraint order_claim_decision_whole check (
        (remedy is null) = (decided_at is null) and (remedy is null) = (decided_by is null)),
    constraint order_claim_sending_whole check ((sent_at is null) = (sent_by is null)),
    constraint order_claim_answer_whole check (
        (answer is null) = (answered_at is null) and (answer is null) = (answered_by is null)),
    constraint order_claim_credit_whole check ((credit_minor is null) = (credit_currency is null)
        and (answer is not distinct from 'credited') = (credit_minor is not null)),
    constraint order_claim_settlement_whole check ((settlement is null) = (settled_at is null)),
    constraint order_claim_end_whole check ((ending is null) = (closed_at is null)
        and (closed_at is null or settled_at is not null))
);
comment on table shop.order_claim is
    'Something is wrong with units of one line: what the shopper reported, what the merchant decided, what '
    'the supplier answered. The id comes with the form, so that sending it twice is one claim.';
comment on column shop.order_claim.problem is
    'returned: the shopper withdrew and was refunded, and the merchant asks the supplier to take it back.';
comment on column shop.order_claim.wish is 'What the shopper would rather have; the merchant decides.';
comment on column shop.order_claim.answer is
    'What the supplier gave for it; borne: nothing, and the platform makes it good to the merchant.';
comment on column shop.order_claim.credit_minor is
    'What the supplier gave back, in its own currency.';
comment on column shop.order_claim.refund_id is
    'The second refund of our fee, which hands the supplier''s credit on to the merchant.';
comment on column shop.order_claim.settled_at is 'When the shopper''s side was over.';
comment on column shop.order_claim.closed_at is 'When the supplier''s side was over too.';
create index order_claim_by_order on shop.order_claim (tenant_id, order_id);
create index order_claim_by_line on shop.order_claim (tenant_id, line_id);
create index order_claim_newest on shop.order_claim (tenant_id, reported_at desc, id);
create index order_claim_open_everywhere on shop.order_claim (reported_at) where closed_at is null;

create function shop.guard_order_claim() returns trigger language plpgsql as
$$
begin
    if (new.order_id, new.line_id, new.supplier_order_id, new.problem, new.wish, new.locale, new.reported_by,
            new.reported_at)
            is distinct from (old.order_id, old.line_id, old.supplier_order_id, old.problem, old.wish,
            old.locale, old.reported_by, old.reported_at)
        or new.description <> old.description and new.description <> ''
        or old.sent_at is not null and (new.sent_at, new.sent_by) is distinct from (old.sent_at, old.sent_by)
        or old.answer is not null and (new.answer, new.credit_currency, new.credit_minor)
            is distinct from (old.answer, old.credit_currency, old.credit_minor)
        or old.settled_at is not null
            and (new.settlement, new.settled_at) is distinct from (old.settlement, old.settled_at)
        or old.credit_settled_at is not null and new.credit_settled_at is distinct from old.credit_settled_at
        or old.closed_at is not null
            and (new.ending, new.closed_at) is distinct from (old.ending, old.closed_at) then
        perform shop.refuse('order_claim_frozen', 'order_claim',
            format('what is known of claim %s is never changed', old.id));
    end if;
    -- A replacement that cannot be had becomes a refund; nothing else is decided twice.
    if new.remedy is distinct from old.remedy and old.remedy is not null
        and not (old.remedy = 'replacement' and new.remedy = 'refund' and old.sent_at is null) then
        perform shop.refuse('order_claim_decided', 'order_claim',
            format('claim %s was decided already', old.id));
    end if;
    return new;
end
$$;
grant execute on function shop.guard_order_claim() to cartflux_app, cartflux_platform;
create trigger guard before update on shop.order_claim for each row
    execute function shop.guard_order_claim();
select shop.protect('order_claim', 'select, insert, update', true);

create table shop.order_claim_unit (
    tenant_id uuid not null references shop.store,
    claim_id uuid not null,
    unit_id uuid not null,
    holds boolean not null default true,
    primary key (tenant_id, claim_id, unit_id),
    constraint order_claim_unit_claim foreign key (tenant_id, claim_id)
        references shop.order_claim (tenant_id, id),
    constraint order_claim_unit_unit foreign key (tenant_id, unit_id) references shop.unit (tenant_id, id)
);
comment on table shop.order_claim_unit is 'Which units a claim is about.';
comment on column shop.order_claim_unit.holds is
    'Nothing else may be asked for the unit. Ends where the claim was refused or the unit replaced.';
create unique index order_claim_unit_once on shop.order_claim_unit (tenant_id, unit_id) where holds;
create index order_claim_unit_by_unit on shop.order_claim_unit (tenant_id, unit_id);
select shop.protect('order_claim_unit', 'select, insert, update', true);

reset role;
