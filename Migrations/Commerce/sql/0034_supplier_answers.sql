-- What a supplier asks where it asks more than was agreed: kept with the question, so that whoever accepts it
-- accepts the price that they were shown, and not whatever is asked when the run goes on.
set local role cartflux_owner;

alter table shop.attention_item add column asked_minor bigint
    constraint attention_item_asked check (asked_minor > 0);
alter table shop.attention_item add column asked_currency text
    constraint attention_item_asked_currency check (asked_currency ~ '^[A-Z]{3}$');
alter table shop.attention_item add constraint attention_item_asked_whole
    check ((asked_minor is null) = (asked_currency is null));
comment on column shop.attention_item.asked_minor is
    'The price that the supplier asks for all of a supplier order, where the question is whether to pay it.';
comment on column shop.attention_item.asked_currency is 'The supplier''s currency.';

reset role;
