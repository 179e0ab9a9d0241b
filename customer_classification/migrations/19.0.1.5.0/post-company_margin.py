"""Keep all decimals of margins in currencies that have more than two.

Earlier releases kept two. Margins in a foreign currency are converted whenever they
are counted, so that only those in the company's own need it.
"""


def migrate(cr, version):
    cr.execute(
        """
        UPDATE customer_purchase i
           SET company_margin = i.margin
          FROM res_company c
          JOIN res_currency u ON u.id = c.currency_id
         WHERE c.id = i.company_id AND i.currency_id = c.currency_id
           AND u.rounding < 0.01 AND i.company_margin <> i.margin
        """
    )
