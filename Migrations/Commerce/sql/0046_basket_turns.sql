-- A basket is bought once, so a second tab must find the purchase that came after its own quote. Which of the
-- two came first was told by the clocks of the web processes, which stamp a request when it arrives: a page
-- that was opened while the press of the button was on its way, or whose process is a second ahead, had a
-- quote that seemed younger than the purchase, and the same basket could be bought and paid twice. Both rows
-- are written under the basket's lock, so a number that each draws there tells their order, whatever the
-- clocks say.
set local role cartflux_owner;

create sequence shop.basket_turn;
grant usage on sequence shop.basket_turn to cartflux_app;

-- Rows from before have none, and are still told apart by their times.
alter table shop.quote add column turn bigint;
alter table shop.quote alter column turn set default nextval('shop.basket_turn');
alter table shop.checkout add column turn bigint;
alter table shop.checkout alter column turn set default nextval('shop.basket_turn');
comment on column shop.quote.turn is
    'Drawn under the basket''s lock: of the quotes and checkouts of one basket, a larger one came later.';
comment on column shop.checkout.turn is 'As in shop.quote.';

reset role;
